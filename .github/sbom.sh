#!/usr/bin/env bash
# Writes the bill of materials of the binary, in CycloneDX 1.5, into dist/. Needs cargo-cyclonedx.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# What the binary is made of, on all targets; what only tests and benches need is not in it.
cargo cyclonedx --manifest-path Cargo.toml --format json --spec-version 1.5 --target all \
    --describe binaries
mkdir -p dist
mv kubeready_bin.cdx.json "dist/kubeready-$version.cdx.json"
