#!/bin/sh
# Installs ledger-cli, hledger and beancount where a package manager may be used: the tests
# have them check the exported books of payouts. Without one of them its test says that it is
# left out, or fails if TENSORITY_REQUIRE=ledger,hledger,bean-check says that it must be there.
set -u

missing=
for tool in ledger:ledger hledger:hledger bean-check:beancount; do
	command -v "${tool%:*}" >/dev/null 2>&1 || missing="$missing ${tool#*:}"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && root=sudo || {
		echo "note: the exports of payouts are not checked by$missing. On Debian: apt-get install$missing" >&2
		exit 0
	}
fi
if command -v apt-get >/dev/null 2>&1; then
	echo "installing$missing" >&2
	# shellcheck disable=SC2086 # They are words.
	$root apt-get update -q && $root apt-get install -qy --no-install-recommends $missing
else
	false
fi >&2 || echo "note: the exports of payouts are not checked by$missing" >&2
exit 0
