#!/bin/sh
# Installs ledger-cli, hledger and beancount where a package manager may be used: the tests
# have them check the exported books of payouts. Without one of them its test says that it is
# left out, or fails if TENSORITY_REQUIRE=ledger,hledger,bean-check says that it must be there.
set -u

"$(dirname "$0")/apt.sh" ledger:ledger hledger:hledger bean-check:beancount
for tool in ledger hledger bean-check; do
	command -v "$tool" >/dev/null 2>&1 || echo "note: the exports of payouts are not checked by $tool" >&2
done
exit 0
