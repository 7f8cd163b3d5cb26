#!/bin/sh
# Brings servers.mod and servers.sum in order after an edit of servers.mod.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp servers.mod "$dir/go.mod"
cp servers.sum "$dir/go.sum"
(cd "$dir" && GOWORK=off go mod tidy)
cp "$dir/go.mod" servers.mod
cp "$dir/go.sum" servers.sum
