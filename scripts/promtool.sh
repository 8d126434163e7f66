#!/bin/sh
# Gets promtool for the tests of the alerting rules, where a package manager may be used: into
# bin/, out of Debian's package, since to install that would start a Prometheus on this machine.
# Without it these tests say that they are left out, or fail if TENSORITY_REQUIRE=promtool says
# that it must be there.
set -u

command -v promtool >/dev/null 2>&1 || [ -x bin/promtool ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
	echo "note: the alerting rules are not tested: no promtool, which is part of Prometheus" >&2
	exit 0
fi
dir=$(mktemp -d) || exit 0
trap 'rm -rf "$dir"' EXIT
echo "fetching promtool" >&2
if (cd "$dir" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . && usr/bin/promtool --version) >&2; then
	mkdir -p bin && cp "$dir/usr/bin/promtool" bin/promtool
else
	echo "note: the alerting rules are not tested: Debian's package prometheus can't be had, or not run" >&2
fi
exit 0
