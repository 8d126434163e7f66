#!/bin/sh
# Checks that what the build needs is there, and installs the C compiler where a
# package manager may be used. Without one the build goes on, without the kernels.
set -u

need='Go 1.26 or newer'
if ! command -v "${GO:-go}" >/dev/null 2>&1; then
	echo "missing: $need (https://go.dev/dl/)" >&2
	exit 1
fi
version=$("${GO:-go}" env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
if [ "$(printf '1.26\n%s\n' "$version" | sort -V | head -n 1)" != 1.26 ]; then
	echo "missing: $need; this is $version (https://go.dev/dl/)" >&2
	exit 1
fi

[ "$("${GO:-go}" env CGO_ENABLED)" = 1 ] || cgo_off=1
for cc in "$("${GO:-go}" env CC)" gcc clang cc; do
	if command -v "${cc%% *}" >/dev/null 2>&1; then
		[ -z "${cgo_off:-}" ] || echo 'note: cgo is off: the build has no fast kernels' >&2
		exit 0
	fi
done

root=
[ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && root=sudo; }
if [ "$(id -u)" = 0 ] || [ -n "$root" ]; then
	echo 'installing a C compiler' >&2
	if command -v apt-get >/dev/null 2>&1; then
		$root apt-get update -q && $root apt-get install -qy gcc libc6-dev
	elif command -v dnf >/dev/null 2>&1; then
		$root dnf install -qy gcc glibc-devel
	elif command -v apk >/dev/null 2>&1; then
		$root apk add --quiet gcc musl-dev
	elif command -v pacman >/dev/null 2>&1; then
		$root pacman -S --noconfirm gcc
	fi >&2
fi
if ! command -v gcc >/dev/null 2>&1 && ! command -v clang >/dev/null 2>&1; then
	echo 'missing: a C compiler (gcc or clang). Without one the build has no fast kernels' >&2
	echo 'and mines some hundred times slower. On Debian: apt-get install gcc libc6-dev' >&2
fi
exit 0
