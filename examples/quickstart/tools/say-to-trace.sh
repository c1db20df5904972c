#!/bin/sh
# usage: say-to-trace.sh CRATE
# Moves one crate from `say` to `trace`: its manifest and its modules.
#
# It knows the flat layout, src/*.rs. A file in a deeper place is one that the gates find; SWARM_FINDINGS, which is set
# from the second try on, names it.
set -eu
crate=$1
top=examples/quickstart/crates/$crate
cd "$(dirname "$0")/../../.."

# A rewrite in place that both BSD's and GNU's sed can do.
rewrite() {
    sed -e 's/say::quiet!/trace::debug!/g' \
        -e 's/say::loud!/trace::warn!/g' \
        -e 's/say::enable()/trace::show(trace::Level::Debug)/g' \
        -e 's/^say\.workspace/trace.workspace/' "$1" >"$1.new"
    cmp -s "$1" "$1.new" || { cat "$1.new" >"$1" && echo "moved $1"; }
    rm "$1.new"
}

rewrite "$top/Cargo.toml"
for file in "$top"/src/*.rs; do
    rewrite "$file"
done

if [ -n "${SWARM_FINDINGS:-}" ]; then
    echo "try ${SWARM_ATTEMPT:-?}: looking at what the gates found"
    grep -o "$top/src/[A-Za-z0-9_/]*\.rs" "$SWARM_FINDINGS" | sort -u | while read -r file; do
        rewrite "$file"
    done
fi
