#!/bin/sh
# Runs the tests of compute/vulkan on a Mesa whose lavapipe has cooperative matrices,
# 26 or newer: Debian's unstable distribution in a folder of its own, which takes root,
# debootstrap and about 1 GB. The folder, $COOPMAT_ROOT, is kept for the next time.
# Builds chains_matrix.spv there as well, and compares it.
set -eu
cd "$(dirname "$0")/.."
root=${COOPMAT_ROOT:-/var/tmp/bytom-solo-coopmat}

[ "$(id -u)" = 0 ] || { echo 'this takes root, for debootstrap and chroot' >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -qy debootstrap
if [ ! -e "$root/usr/share/vulkan/icd.d/lvp_icd.json" ]; then
	debootstrap --variant=minbase \
		--include=glslang-tools,mesa-vulkan-drivers,libvulkan1,vulkan-validationlayers,spirv-tools sid "$root"
fi

work=$root/bytom-solo
mkdir -p "$work/compute/testdata" "$work/scripts"
cp go.mod "$work/"
cp compute/testdata/tensority.json "$work/compute/testdata/"
rm -rf "$work/shaders" && cp -r shaders "$work/"
cp scripts/shaders.sh "$work/scripts/"
mkdir -p "$work/compute/vulkan" && cp compute/vulkan/*.go "$work/compute/vulkan/"
${GO:-go} test -c -o "$work/vulkan.test" ./compute/vulkan

chroot "$root" /bytom-solo/scripts/shaders.sh "${1:-}"
[ -z "${1:-}" ] || { cp "$work/shaders/chains_matrix.spv" "$work/shaders/shaders.list" shaders/; exit 0; }
chroot "$root" env TENSORITY_REQUIRE=vulkan,matrix TENSORITY_VULKAN_VALIDATE="${TENSORITY_VULKAN_VALIDATE:-}" \
	BYTOM_SOLO_LONG="${BYTOM_SOLO_LONG:-}" VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json \
	sh -c 'cd /bytom-solo/compute/vulkan && ../../vulkan.test -test.v -test.timeout 60m'
