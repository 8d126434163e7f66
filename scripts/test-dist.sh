#!/usr/bin/env bash
# Tests what make dist builds, a step after the other, or those that are named:
#
#   scripts/test-dist.sh [lint|deb]...
#
# lint     lintian finds no errors in the packages
# deb      scripts/test-deb.sh: a package's life, from its installation to its end
#
# DIST=FOLDER tests what is there already. Installs the tools where it may; a step
# without its tools is left out, and said at the end. It takes a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${DIST:=}"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
left_out=()
step() { echo; echo "== $*"; }
fail() { echo "test-dist: $*" >&2; exit 1; }
without() { # TOOL STEP: whether the step must be left out
	! command -v "$1" >/dev/null && left_out+=("$2: no $1")
}

first() { # builds HEAD, unless DIST has a build already
	[ -z "$DIST" ] || return 0
	git clone -q . "$work/first"
	(cd "$work/first" && make dist)
	DIST=$work/first/dist
}

lint() {
	step 'lintian'
	scripts/apt.sh lintian:lintian
	! without lintian lint || return 0
	lintian --allow-root --fail-on error "$DIST"/*.deb
}

deb() {
	step "a package's life"
	[ "$(id -u)" = 0 ] || { left_out+=('deb: it takes root'); return 0; }
	scripts/apt.sh debootstrap:debootstrap
	! without debootstrap deb || return 0
	local arch
	arch=$(dpkg --print-architecture)
	VERSION=v99.0.0 TARGETS=linux/$arch scripts/dist.sh "$work/newer" >/dev/null
	scripts/test-deb.sh "$DIST"/bytom-solo_*_"$arch".deb "$work"/newer/bytom-solo_*_"$arch".deb
}

[ $# -gt 0 ] || set -- lint deb
for name; do
	case $name in
	lint | deb) first ;;
	*) fail "step $name: expected lint or deb" ;;
	esac
	"$name"
done
echo
for line in "${left_out[@]}"; do echo "left out: $line"; done
