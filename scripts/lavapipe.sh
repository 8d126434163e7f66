#!/bin/sh
# Installs Mesa's lavapipe, a Vulkan driver that computes on the CPU, where a package
# manager may be used: the tests run the shaders on it. Without it they say that they
# are left out, or fail if TENSORITY_REQUIRE=vulkan says that it must be there.
set -u

for dir in /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d; do
	for driver in "$dir"/lvp_icd*.json; do
		[ ! -e "$driver" ] || exit 0
	done
done

root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && root=sudo || {
		echo 'note: no lavapipe; the shaders are not tested. On Debian: apt-get install mesa-vulkan-drivers libvulkan1' >&2
		exit 0
	}
fi
echo 'installing lavapipe' >&2
if command -v apt-get >/dev/null 2>&1; then
	$root apt-get update -q && $root apt-get install -qy --no-install-recommends mesa-vulkan-drivers libvulkan1
elif command -v dnf >/dev/null 2>&1; then
	$root dnf install -qy mesa-vulkan-drivers vulkan-loader
elif command -v apk >/dev/null 2>&1; then
	$root apk add --quiet mesa-vulkan-swrast vulkan-loader
elif command -v pacman >/dev/null 2>&1; then
	$root pacman -S --noconfirm vulkan-swrast vulkan-icd-loader
fi >&2 || echo 'note: lavapipe could not be installed; the shaders are not tested' >&2
exit 0
