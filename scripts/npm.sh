#!/bin/sh
# npm.sh NAME VERSION SHA512 puts a package of the npm registry into bin/web/NAME, if it has
# that hash. Exits with 3 where it can't be fetched.
set -eu

cd "$(dirname "$0")/.."
folder=bin/web/$1
[ "$(cat "$folder/.sha512" 2>/dev/null)" != "$3" ] || exit 0
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
curl -sfL -m 60 -o "$archive" "https://registry.npmjs.org/$1/-/$1-$2.tgz" || { echo "npm.sh: $1 $2 can't be fetched" >&2; exit 3; }
echo "$3  $archive" | sha512sum -c --quiet >&2
rm -rf "${folder:?}"
mkdir -p "$folder"
tar xzf "$archive" -C "$folder" --strip-components=1
echo "$3" >"$folder/.sha512"
