#!/usr/bin/env bash
# What scripts/mutants.sh gives gremlins for go. To gremlins a mutant that does not build
# is a killed one (findings/gremlins-not-viable.sh): here it exits with the 2 that gremlins
# takes for "not viable". And the tests of MUTANTS_LAST run after the others.
set -u
case " $* " in
*' -failfast '*) ;; # go test -timeout T -failfast PACKAGE
*) exec "$MUTANTS_GO" "$@" ;;
esac
timeout=$3 package=${*: -1}
tests=$PWD/mutant.test
"$MUTANTS_GO" test -c -o "$tests" "$package" || exit 2
cd "$("$MUTANTS_GO" list -f '{{.Dir}}' "$package")" || exit 3
run() { "$tests" -test.failfast -test.timeout "$timeout" "$@" || exit 1; }
if [ -z "$MUTANTS_LAST" ]; then
	run
else
	run -test.skip "$MUTANTS_LAST"
	run -test.run "$MUTANTS_LAST"
fi
