#!/bin/sh
# Makes testdata/formats/REV: the files that a node of an earlier version leaves in mining/,
# for the tests that take them over. A node of that version mines 12 blocks of a solonet, for a
# rig too where it serves rigs, and splits them where it can.
#
#	scripts/format-files.sh REV [PROGRAM]
#
# REV is a tag or commit; PROGRAM is its bytom-solo, built here where it is not given.
set -eu
cd "$(dirname "$0")/.."
rev=$1
work=$(mktemp -d)
pids=
# shellcheck disable=SC2086 # They are words.
trap 'kill $pids 2>/dev/null || true; git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

program=${2:-}
if [ -z "$program" ]; then
	git worktree add -q --detach "$work/tree" "$rev"
	program=$work/bytom-solo
	(cd "$work/tree" && go build -o "$program" ./cmd/bytom-solo)
fi

node_has() { "$program" node --help | grep -q -e "--$1 "; }

set -- --home "$work/home" --chain_id solonet --api_addr 127.0.0.1:19788 \
	--p2p.laddr tcp://127.0.0.1:19756 --p2p.skip_upnp --p2p.lan_discoverable=false --web.closed
if node_has stratum.listen; then
	set -- "$@" --stratum.listen 127.0.0.1:19719
fi
start() {
	"$program" node "$@" >>"$work/log" 2>&1 &
	node=$!
	pids="$pids $node"
	for _ in $(seq 600); do
		! grep -q 'msg="node is up"' "$work/log" || return 0
		kill -0 "$node" || break
		sleep 0.2
	done
	cat "$work/log" >&2
	return 1
}
call() { curl -sf "http://127.0.0.1:19788/$1" -d "$2"; }
height() { call get-block-count '{}' | grep -o '[0-9]\+'; }
await() {
	for _ in $(seq 900); do
		[ "$(height)" -lt "$1" ] || return 0
		sleep 1
	done
	tail -n 20 "$work/log" >&2
	return 1
}

start "$@" --mining --mining.threads 1
await 1
payee=$(grep -o 'payee=sm1[a-z0-9]*' "$work/log" | tail -n 1 | cut -d= -f2)
if node_has payout.scheme; then # Now there is an account for the rig's login.
	kill "$node"
	wait "$node" || true
	mv "$work/log" "$work/log.1"
	start "$@" --payout.scheme pplns
fi
if node_has stratum.listen && "$program" rig --help | grep -q benchmark; then
	"$program" rig -o stratum+tcp://127.0.0.1:19719 -u "${payee:-shed}.rig1" >"$work/rig" 2>&1 &
	rig=$!
	pids="$pids $rig"
fi
some=$(printf '%064d' 7)
if node_has mining.min-fee-rate; then
	call prioritise-transaction "{\"tx_id\": \"$some\", \"fee_delta\": 250}" >/dev/null
	call exclude-transaction "{\"tx_id\": \"$some\", \"exclude\": true}" >/dev/null
fi
await 12
if node_has payout.scheme; then
	sleep 10 # The settling follows the chain.
fi
if [ -n "${rig:-}" ]; then
	kill "$rig"
	sleep 1
fi
for n in $(seq "$(height)"); do # All are the node's own.
	echo "$n $(call get-block "{\"block_height\": $n}" | grep -o '"hash":"[0-9a-f]*"' | head -n 1 | cut -d'"' -f4)"
done >"$work/blocks.txt"
kill "$node"
wait "$node" || true

to=testdata/formats/$rev
rm -rf "$to"
mkdir -p "$to"
for file in "$work"/home/mining/*.db; do
	gzip -9nc "$file" >"$to/$(basename "$file").gz"
done
mv "$work/blocks.txt" "$to"
ls -l "$to" >&2
