#!/bin/sh
# Builds the page at /mining/ from web/src into web/bundle, or the folder that is given.
# The libraries come from the npm registry, each held to its hash, and stay in bin/web.
# Exits with 3 where they can't be fetched.
set -eu

cd "$(dirname "$0")/.."
out=${1:-web/bundle}
libs=bin/web

scripts/npm.sh preact 10.29.8 7a3d9a559faf67c58eeedbe541644cf4deb70342b317dab899625f0d41e061a2287d663d86eef841d9d0ae3a0f326662dbf9d9e603746c9090178f7142ac74f5
scripts/npm.sh uplot 1.6.32 2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023

"${GO:-go}" list -modfile=tools/go.mod github.com/evanw/esbuild/cmd/esbuild >/dev/null || { echo "web.sh: esbuild can't be fetched" >&2; exit 3; }

mkdir -p "$out"
NODE_PATH=$PWD/$libs "${GO:-go}" tool -modfile=tools/go.mod esbuild web/src/page.tsx web/src/owner.tsx web/src/worker.ts web/src/page.css --bundle --minify --outdir="$out" \
	--format=iife --target=es2020 --jsx-factory=h --jsx-fragment=Fragment --legal-comments=none --log-level=warning \
	"--banner:js=/* bytom-solo; contains preact 10.29.8, and page.js uPlot 1.6.32, MIT: see licences.txt */"
cp web/src/index.html web/src/owner.html "$out"
{
	for l in preact uplot; do
		printf '%s\n\n' "$l"
		cat "$libs/$l/LICENSE"
		echo
	done
} >"$out/licences.txt"
