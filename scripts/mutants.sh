#!/usr/bin/env bash
# Changes the code in small ways, one at a time, and tells which changes no test of the
# package notices. A mutant costs a build and up to a run of the package's tests: a second
# for gbt, a minute for node.
#
#   scripts/mutants.sh PACKAGE...
#
# SAMPLE=N  takes the mutants of N lines of each package drawn by lot, 0 all of them
# SEED=S    draws other lines
# SINCE=REV takes only lines that changed since REV
# TIMEOUT=N is how many times as long as without a mutant the tests may take
# LAST=RE   names tests that take long: they run when no other has noticed the mutant
# OUT=DIR   is where PACKAGE.json and PACKAGE.log go
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${SAMPLE:=0}" "${SEED:=1}" "${SINCE:=}" "${OUT:=bin/mutants}" "${TIMEOUT:=10}" "${LAST:=}"
mkdir -p "$OUT" bin
OUT=$(cd "$OUT" && pwd)
"$GO" build -modfile=tools/go.mod -o bin/gremlins github.com/go-gremlins/gremlins/cmd/gremlins
gremlins=$PWD/bin/gremlins
# A cached run of the tests would be the measure of how long they may take.
export GOFLAGS="${GOFLAGS:-} -count=1 -vet=off"

# A tree of its own: the lot is drawn by a commit that lacks the drawn lines, so that
# they are what changed since.
tree=$(mktemp -d)
path=$(mktemp -d)
trap 'rm -rf "$tree" "$path"' EXIT
git clone -q --no-hardlinks . "$tree"
# gremlins looks files up by their path in the package, where a diff without prefixes
# leaves it, and takes all that a hunk adds for one run of lines.
git -C "$tree" config diff.noprefix true
git -C "$tree" config diff.context 0

# The go that gremlins finds first.
MUTANTS_GO=$(command -v "$GO") MUTANTS_LAST=$LAST
export MUTANTS_GO MUTANTS_LAST
ln -s "$PWD/scripts/mutant-test.sh" "$path/go"
export PATH=$path:$PATH

draw() { # package: commits on top of HEAD the tree without the drawn lines, then HEAD's tree again
	"$gremlins" unleash "./$1" --dry-run |
		sed -n 's/^ *RUNNABLE .* at \(.*\.go\):\([0-9]*\):[0-9]*$/\1 \2/p' | sort -u |
		shuf --random-source=<(yes "$SEED") -n "$SAMPLE" | sort -k1,1 -k2,2nr |
		while read -r file line; do sed -i "${line}d" "$1/$file"; done
	git -c user.name=mutants -c user.email=mutants@localhost commit -qam 'the lot'
	lot=$(git rev-parse HEAD)
	git checkout -q HEAD~1 -- .
	git -c user.name=mutants -c user.email=mutants@localhost commit -qam 'the tree'
}

cd "$tree"
for package in "$@"; do
	since=$SINCE
	if [ "$SAMPLE" != 0 ]; then
		draw "$package"
		since=$lot
	fi
	name=$OUT/${package//\//-}
	"$gremlins" unleash "./$package" ${since:+--diff "$since"} --workers "${WORKERS:-1}" \
		--timeout-coefficient "$TIMEOUT" --output "$name.json" >"$name.log"
done

# A mutant that the tests hang of is noticed as well as one that fails them.
printf '%-10s %7s %7s %7s %7s %12s %6s\n' package mutants killed hung lived 'not covered' score
for package in "$@"; do
	name=$OUT/${package//\//-}
	awk -v package="$package" '
		$1 == "KILLED" { killed++ } $1 == "TIMED" { hung++ } $1 == "LIVED" { lived++ } $1 == "NOT" && $2 == "COVERED" { dark++ }
		END { run = killed + hung + lived
			printf "%-10s %7d %7d %7d %7d %12d %5.1f%%\n", package, run, killed, hung, lived, dark, run ? 100 * (killed + hung) / run : 0 }' "$name.log"
done
echo
echo "survivors, in $OUT/*.log:"
for package in "$@"; do
	sed -n "s|^ *LIVED \([A-Z_]*\) at |$package/|p" "$OUT/${package//\//-}.log" | sort -V
done
