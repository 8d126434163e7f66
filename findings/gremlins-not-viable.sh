#!/usr/bin/env bash
# gremlins 0.6.0 (github.com/go-gremlins/gremlins, mutation testing for Go): a mutant that
# does not build is reported KILLED, not "NOT VIABLE".
#
# It swaps + for - without a look at the types, so `a + "x"` becomes a program that does
# not compile. It tells that from a failing test by go test's exit status 2, but go test
# exits with 1 for both. scripts/mutant-test.sh builds first and says 2 itself.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOBIN=$dir/bin
go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0

mkdir -p module/greet && cd module
cat >go.mod <<'MOD'
module example.test/greet

go 1.25
MOD
cat >greet/greet.go <<'GO'
package greet

func Whom(name string) string { return "hello " + name }
GO
cat >greet/greet_test.go <<'GO'
package greet

import "testing"

// Runs the code and asserts nothing.
func TestWhom(*testing.T) { Whom("you") }
GO
export GOFLAGS=-count=1
"$GOBIN/gremlins" unleash ./greet --workers 1 --timeout-coefficient 20 >log
grep -E 'KILLED|LIVED|NOT VIABLE' log
grep -q '^ *KILLED ARITHMETIC_BASE' log
sed -i 's/" + name/" - name/' greet/greet.go
code=0
go test ./greet >/dev/null 2>&1 || code=$?
echo "go test of what does not build exits with $code"
[ "$code" = 1 ]
