#!/bin/sh
# Lists the functions that neither a program nor a test of this module can reach, on the
# platform at hand, and fails if there are any. What cgo exports is called by C.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"

dead=$($GO tool -modfile=tools/go.mod deadcode -test ./...)
for name in $(grep -rh --include='*.go' '^//export ' . | cut -d' ' -f2); do
	dead=$(echo "$dead" | grep -v ": unreachable func: $name\$" || true)
done
[ -z "$dead" ] && exit
echo "$dead"
exit 1
