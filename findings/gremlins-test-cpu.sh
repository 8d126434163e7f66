#!/usr/bin/env bash
# gremlins 0.6.0 (github.com/go-gremlins/gremlins, mutation testing for Go): with
# --test-cpu set, every mutant is reported KILLED, whatever the tests hold.
#
# It hands `go test` the option and its number as one argument ("-cpu 1"), which go test
# does not know; that failure is taken for a failing test. So a suite that asserts
# nothing scores 100 %. Without the option the same mutants are LIVED.
#
# A second thing, in the same run: --diff of a package below the module's root skips every
# mutant, since a diff's paths begin at the root and the mutants' at the package. Both are
# why scripts/mutants.sh is as it is.
#
# Fails if either is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod GOBIN=$dir/bin
go install github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0

mkdir -p module/max && cd module
cat >go.mod <<'MOD'
module example.test/max

go 1.25
MOD
cat >max/max.go <<'GO'
package max

func Of(a, b int) int {
	if a > b {
		return a
	}
	return b
}
GO
cat >max/max_test.go <<'GO'
package max

import "testing"

// Runs the code and asserts nothing.
func TestOf(*testing.T) { Of(1, 2); Of(2, 1) }
GO
git init -q . && git add -A
git -c user.name=n -c user.email=n@localhost commit -qm one
sed -i 's/a > b/a > b \&\& true/' max/max.go
git -c user.name=n -c user.email=n@localhost commit -qam two

count() { grep -c "^ *$1 " "$2" || true; }
export GOFLAGS=-count=1
"$GOBIN/gremlins" unleash ./max --workers 1 --timeout-coefficient 20 >plain.log
"$GOBIN/gremlins" unleash ./max --workers 1 --timeout-coefficient 20 --test-cpu 1 >cpu.log
"$GOBIN/gremlins" unleash ./max --workers 1 --timeout-coefficient 20 --diff HEAD~1 >diff.log

echo "plain:          $(count LIVED plain.log) lived, $(count KILLED plain.log) killed"
echo "--test-cpu 1:   $(count LIVED cpu.log) lived, $(count KILLED cpu.log) killed"
echo "--diff, ./max:  $(count SKIPPED diff.log) skipped of $(count LIVED plain.log) on the changed line"
[ "$(count LIVED plain.log)" -ge 2 ] && [ "$(count KILLED plain.log)" = 0 ]
[ "$(count LIVED cpu.log)" = 0 ] && [ "$(count KILLED cpu.log)" -ge 2 ]
[ "$(count SKIPPED diff.log)" = "$(count LIVED plain.log)" ]
