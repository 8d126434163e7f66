#!/bin/sh
# Installs the Debian packages of programs that are missing, where a package manager may be used:
#
#   scripts/apt.sh PROGRAM:PACKAGE[,PACKAGE]...
#
# Exits with 0 either way: who needs a program looks for it, and says what is left out without it.
set -u

packages=
for tool; do
	command -v "${tool%%:*}" >/dev/null 2>&1 || packages="$packages $(echo "${tool#*:}" | tr , ' ')"
done
[ -n "$packages" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && root=sudo || {
		echo "note: not installed:$packages. On Debian: apt-get install$packages" >&2
		exit 0
	}
fi
if command -v apt-get >/dev/null 2>&1; then
	echo "installing$packages" >&2
	# shellcheck disable=SC2086 # They are words.
	$root apt-get update -q && DEBIAN_FRONTEND=noninteractive $root apt-get install -qy --no-install-recommends $packages
else
	false
fi >&2 || echo "note: not installed:$packages" >&2
exit 0
