#!/usr/bin/env bash
# Writes the bill of materials of the binary, in CycloneDX 1.5, into dist/.
# Needs cargo-cyclonedx.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
mkdir -p dist
# On all targets; without what only tests and benches need.
cargo cyclonedx --manifest-path Cargo.toml --format json --spec-version 1.5 --target all \
    --describe binaries --override-filename bom
ls
