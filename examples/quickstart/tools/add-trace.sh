#!/bin/sh
# Adds the crate `trace` to the workspace, from its template.
set -eu
cd "$(dirname "$0")/.."

mkdir -p crates
cp -R tools/trace crates/trace
awk '/^text = / { print; print "trace = { path = \"crates/trace\" }"; next } { print }' Cargo.toml >Cargo.toml.new
cat Cargo.toml.new >Cargo.toml
rm Cargo.toml.new
