#!/bin/sh
# Builds each shader that the installed glslangValidator can, validates it, and compares
# it with the one in the repository if that was built by the same version. With
# --write it replaces those, and notes the version.
set -eu
cd "$(dirname "$0")/../shaders"
write=${1:-}
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

for tool in glslangValidator spirv-val; do
	command -v $tool >/dev/null || { echo "missing: $tool (on Debian: apt-get install glslang-tools spirv-tools)" >&2; exit 1; }
done
version=$(glslangValidator --version | sed -n 's/^Glslang Version: //p')
failed=0

while read -r name source environment defines built_by; do
	file=$name.spv
	# shellcheck disable=SC2086
	if ! glslangValidator -V --quiet --target-env "$environment" -D$defines -o "$new/$file" "$source" >"$new/log" 2>&1; then
		if [ "$version" = "$built_by" ]; then cat "$new/log"; failed=1; else echo "$file: glslang $version cannot build it, $built_by did"; fi
		spirv-val --target-env "$environment" "$file" 2>/dev/null || echo "$file: this spirv-val cannot judge it"
		echo "$name $source $environment $defines $built_by" >>"$new/list"
		continue
	fi
	spirv-val --target-env "$environment" "$new/$file" || failed=1
	if [ "$write" = --write ]; then
		cp "$new/$file" "$file"
		built_by=$version
		echo "$file: built by glslang $version"
	elif [ "$version" != "$built_by" ]; then
		echo "$file: valid; built by glslang $built_by, not compared with $version's"
	elif cmp -s "$new/$file" "$file"; then
		echo "$file: the same"
	else
		echo "$file: differs from its source: run make shaders-write" >&2
		failed=1
	fi
	echo "$name $source $environment $defines $built_by" >>"$new/list"
done <shaders.list
[ "$write" != --write ] || cp "$new/list" shaders.list
exit $failed
