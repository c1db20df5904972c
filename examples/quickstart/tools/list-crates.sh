#!/bin/sh
# Writes the list of crates into README.md, between its two marks: each crate with the first line of its head.
set -eu
cd "$(dirname "$0")/.."

list=$(mktemp)
trap 'rm -f "$list"' EXIT
for folder in crates/*/; do
    name=$(basename "$folder")
    head=$(sed -n '1s/^\/\/! //p' "$folder"src/[lm]*.rs | head -n 1)
    printf -- '- `%s`: %s\n' "$name" "$head"
done >"$list"
awk -v list="$list" '
    /<!-- crates -->/ { print; while ((getline line <list) > 0) print line; inside = 1; next }
    /<!-- end -->/ { inside = 0 }
    !inside { print }
' README.md >README.md.new
cat README.md.new >README.md
rm README.md.new
