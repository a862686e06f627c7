#!/usr/bin/env bash
# Packs a release for one target into dist/: the binary, completions, manual pages, licences.
# Takes the target; needs `cargo build --release --target` of it to have run on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name="kubeready-$version-$target"
exe=
case $target in *windows*) exe=.exe ;; esac
binary="${CARGO_TARGET_DIR:-target}/$target/release/kubeready$exe"

rm -rf "dist/$name"
mkdir -p "dist/$name/completions" "dist/$name/man"
cp "$binary" README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT "dist/$name/"
for shell in bash elvish fish powershell zsh; do
    "$binary" generate completions "$shell" > "dist/$name/completions/kubeready.$shell"
done
"$binary" generate man > "dist/$name/man/kubeready.1"
for command in check checklist render fleet explain rules generate; do
    "$binary" generate man "$command" > "dist/$name/man/kubeready-$command.1"
done

cd dist
case $target in
*windows*) 7z a -bso0 "$name.zip" "$name" ;;
*) tar -czf "$name.tar.gz" "$name" ;;
esac
rm -r "$name"
