#!/usr/bin/env bash
# Tests what make dist builds, a step after the other, or those that are named:
#
#   scripts/test-dist.sh [same|lint|deb|alone]...
#
# same     two builds, in folders, homes and environments that differ, have the same checksums
# lint     lintian finds no errors in the packages
# deb      scripts/test-deb.sh: a package's life, from its installation to its end
# alone    with Go and nothing else, go build makes a static program that hashes right
#
# DIST=FOLDER tests what is there already, but for same. Installs the tools where it may; a step
# without its tools is left out, and said at the end. It takes half an hour on two cores.
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

# A known answer, of compute/testdata/tensority.json.
seed=0737520781345b11b7bd0f843c1bdd9aea81b6da94fd141cc9f2df53ac6744d2
header=d0dad73fb2dabf3353fda15571b4e5f6ac62ff187b354fadd4840d9ff2f1afdf
known=$(sed -n '/"name": "bytom-1"/,/"name": "bytom-2"/s/.*"tensority": "\(.*\)".*/\1/p' compute/testdata/tensority.json | head -n 1)
hashes() { # COMMAND: prints the known answer, on each of its backends
	"$@" hash $seed $header | tr -d '\r' | tee "$work/hashes"
	[ -s "$work/hashes" ] && ! grep -v "$known" "$work/hashes" || fail "$*: expected $known"
}

first() { # builds HEAD, unless DIST has a build already
	[ -z "$DIST" ] || return 0
	git clone -q . "$work/first"
	(cd "$work/first" && make dist)
	DIST=$work/first/dist
}

same() {
	step 'two builds have the same checksums'
	DIST=''
	first
	local other="$work/another folder, deeper/down" home="$work/a home" modules
	modules=$("$GO" env GOMODCACHE)
	mkdir -p "$home/tmp"
	# What differs: folder, user's home, caches, temporary folder, umask, time zone, language, flags.
	(umask 077 && git clone -q . "$other" && cd "$other" && env -i PATH="$PATH" HOME="$home" TMPDIR="$home/tmp" \
		TZ=Pacific/Kiritimati LANG=C.UTF-8 USER=somebody CFLAGS=-O0 CGO_CFLAGS=-O1 GOFLAGS=-modcacherw \
		GOPROXY="file://$modules/cache/download,$("$GO" env GOPROXY)" make dist GO="$GO")
	cmp "$DIST/SHA256SUMS" "$other/dist/SHA256SUMS" && return
	scripts/apt.sh diffoscope:diffoscope-minimal
	for file in "$DIST"/bytom-solo*; do
		cmp -s "$file" "$other/dist/${file##*/}" || diffoscope "$file" "$other/dist/${file##*/}" | head -n 60 || true
	done
	fail 'the builds differ'
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

alone() {
	step 'with Go and nothing else'
	git clone -q . "$work/alone"
	(cd "$work/alone" && env -i PATH="$("$GO" env GOROOT)/bin" HOME="$HOME" GOFLAGS='' "$GO" build ./cmd/bytom-solo)
	"$GO" version -m "$work/alone/bytom-solo" | grep CGO_ENABLED=0 || fail 'it was built with cgo'
	hashes "$work/alone/bytom-solo"
}

[ $# -gt 0 ] || set -- same lint deb alone
for name; do
	case $name in
	same | alone) ;;
	lint | deb) first ;;
	*) fail "step $name: expected same, lint, deb or alone" ;;
	esac
	"$name"
done
echo
for line in "${left_out[@]}"; do echo "left out: $line"; done
