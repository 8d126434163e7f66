#!/usr/bin/env bash
# Records a local network in a terminal, commands and their true output, as an
# asciicast (v2), and as text: up, mine, partition, heal, down.
#
#   scripts/record-testnet.sh [BINARY] [OUTPUT]
#
# writes OUTPUT.cast and OUTPUT.txt; 'asciinema play OUTPUT.cast' plays the former.
set -euo pipefail

binary=$(realpath "${1:-bin/bytom-solo}")
output=${2:-docs/testnet-session}
dir=$(mktemp -d)
# Where the program keeps networks, so that no command needs --dir.
export XDG_CACHE_HOME=$dir
trap '"$binary" testnet down >/dev/null 2>&1; rm -rf "$dir"' EXIT
mkdir -p "$dir/bin"
ln -s "$binary" "$dir/bin/bytom-solo"
PATH=$dir/bin:$PATH

columns=140
begun=$EPOCHREALTIME
printf '{"version": 2, "width": %d, "height": 40, "timestamp": %d, "title": "bytom-solo testnet"}\n' \
	"$columns" "${EPOCHREALTIME%.*}" >"$output.cast"
: >"$output.txt"

# print appends what stands on stdin to both files, as it comes.
print() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		printf '%s\n' "$line" >>"$output.txt"
		local json=${line//\\/\\\\}
		json=${json//\"/\\\"}
		json=${json//$'\t'/\\t}
		printf '[%s, "o", "%s\\r\\n"]\n' "$(awk "BEGIN { print $EPOCHREALTIME - $begun }")" "$json" >>"$output.cast"
	done
}

# run shows a command, runs it and shows what it prints. One that fails ends the
# recording.
run() {
	echo "\$ $*" | print
	"$@" 2>&1 | print
	echo | print
}

run bytom-solo testnet up -n 4
run bytom-solo testnet mine 3
run bytom-solo testnet assert height 3
run bytom-solo testnet partition 0,1/2,3
run bytom-solo testnet mine 2 --node 0
run bytom-solo testnet mine 4 --node 2
run bytom-solo testnet assert height 5 --node 1
run bytom-solo testnet assert height 7 --node 3
run bytom-solo testnet status
run bytom-solo testnet heal
run bytom-solo testnet assert tip-equal
run bytom-solo testnet status
run bytom-solo testnet down
