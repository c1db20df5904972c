#!/bin/sh
# usage: note.sh TEXT
# Adds a line to the changes that are not released yet.
set -eu
cd "$(dirname "$0")/.."

awk -v text="$1" '{ print } /^## Unreleased/ { print ""; print "- " text }' CHANGELOG.md >CHANGELOG.md.new
cat CHANGELOG.md.new >CHANGELOG.md
rm CHANGELOG.md.new
