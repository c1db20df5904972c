#!/bin/sh
# Removes the crate `say` from the workspace; refuses while somebody uses it.
set -eu
cd "$(dirname "$0")/.."

if grep -n '^say\.workspace' crates/*/Cargo.toml; then
    echo "the crates above still use \`say\`" >&2
    exit 1
fi
rm -r crates/say
sed '/^say = /d' Cargo.toml >Cargo.toml.new
cat Cargo.toml.new >Cargo.toml
rm Cargo.toml.new
