#!/usr/bin/env bash
# Fuzzes every target of this module for a while, one after the other, and prints a table of
# what came of it. The list is what the sources have, so that none is left out. A target that
# fails leaves its input in testdata/fuzz/ of its package, and the others go on.
#
#   scripts/fuzz.sh [REGEXP]    only the targets whose FOLDER/NAME matches
#
# Some targets write files, and are ten times as fast where TMPDIR is in memory.
#
# FUZZTIME=10m    how long each
# PARALLEL=N      processes at a time; missing is one a core
# LIST=1          prints the targets and runs nothing
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${FUZZTIME:=10m}" "${PARALLEL:=}" "${LIST:=}"
pattern=${1:-.}

# Without a line of git's the tree is an archive: all files are its own.
tests=$(git ls-files --cached --others --exclude-standard '*_test.go' 2>/dev/null || find . -name '*_test.go')
targets=$(grep -H -o -E '^func Fuzz[A-Za-z0-9_]+' $tests | sed -E 's|^(\./)?(.*)/[^/]*:func |\2 |' | sort)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0 ran=0
while read -r folder name; do
	[[ $folder/$name =~ $pattern ]] || continue
	ran=$((ran + 1))
	if [ -n "$LIST" ]; then
		echo "$folder $name"
		continue
	fi
	found=nothing
	# A run can end with "context deadline exceeded" as its time is over: go.dev/issue/75804.
	if ! "$GO" test -run '^$' -fuzz "^$name\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 50x -timeout 0 ${PARALLEL:+-parallel "$PARALLEL"} "./$folder" >"$log" 2>&1 &&
		{ grep -q 'Failing input' "$log" || ! grep -qx '    context deadline exceeded' "$log"; }; then
		failed=$((failed + 1))
		found=$(sed -n 's/^ *Failing input written to //p' "$log" | head -n 1)
		found=${found:-failed}
		cat "$log" >&2
	fi
	last=$(grep '^fuzz: elapsed: ' "$log" | tail -n 1)
	printf '| `%s` | `%s` | %s | %s | %s |\n' "$folder" "$name" \
		"$(sed -E 's/.*elapsed: ([^,]*),.*/\1/' <<<"$last")" "$(sed -nE 's/.*execs: ([0-9]+).*/\1/p' <<<"$last")" "$found"
done <<<"$targets"
[ "$ran" -gt 0 ] || { echo "no target matches $pattern" >&2; exit 1; }
exit $((failed > 0))
