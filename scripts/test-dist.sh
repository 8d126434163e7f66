#!/usr/bin/env bash
# Tests what make dist builds, a step after the other, or those that are named:
#
#   scripts/test-dist.sh [same|papers|lint|deb|alone|arm64|windows]...
#
# same     two builds, in folders, homes and environments that differ, have the same checksums
# papers   THIRD-PARTY has the licence of each module that a program is linked with, of none else
# lint     lintian finds no errors and no warnings in the packages
# deb      scripts/test-deb.sh: a package's life, from its installation to its end
# alone    with Go and nothing else, go build makes a static program that hashes right
# arm64    the programs for it, and tests, under QEMU
# windows  the program for it, its start script and its console under Wine
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

linked() { # PROGRAM: the modules in it, as the linker wrote it there
	"$GO" version -m "$1" | awk '$1 == "dep" { if (m) print m; m = $2 " " $3 } $1 == "=>" { m = $2 " " $3 } END { print m }' | sort -u
}

papers() {
	step 'licences and manual page'
	scripts/apt.sh unzip:unzip
	for archive in "$DIST"/bytom-solo-*.tar.gz "$DIST"/bytom-solo-*.zip; do
		[ -e "$archive" ] || continue
		rm -rf "$work/papers" && mkdir "$work/papers"
		case $archive in
		*.zip) ! without unzip papers && unzip -q "$archive" -d "$work/papers" || continue ;;
		*) tar -C "$work/papers" -xzf "$archive" ;;
		esac
		linked "$(find "$work/papers" -name bytom-solo -o -name bytom-solo.exe)" >"$work/linked"
		awk '/^=+$/ { heads = 1; next } /^$/ { heads = 0 } heads' "$work"/papers/*/THIRD-PARTY | sed 's/,.*//' |
			grep '/.* v[0-9]' | sort -u | diff "$work/linked" - || fail "$archive: what is linked, and THIRD-PARTY"
		echo "${archive##*/}: $(wc -l <"$work/linked") modules"
		case $archive in
		*.tar.gz) grep -q '^\.SH COMMANDS' "$work"/papers/*/bytom-solo.1 || fail "$archive: no manual page" ;;
		esac
	done
}

lint() {
	step 'lintian'
	scripts/apt.sh lintian:lintian
	! without lintian lint || return 0
	lintian --allow-root --fail-on error,warning "$DIST"/*.deb
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

arm64() {
	step 'linux/arm64 under QEMU'
	scripts/apt.sh qemu-aarch64-static:qemu-user-static aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu,libc6-dev-arm64-cross
	! without qemu-aarch64-static arm64 && ! without aarch64-linux-gnu-gcc arm64 || return 0
	local run=(qemu-aarch64-static -L /usr/aarch64-linux-gnu)
	for archive in "$DIST"/bytom-solo-*-linux-arm64*.tar.gz; do
		rm -rf "$work/arm64" && mkdir "$work/arm64" && tar -C "$work/arm64" --strip-components=1 -xzf "$archive"
		"${run[@]}" "$work/arm64/bytom-solo" version
		hashes "${run[@]}" "$work/arm64/bytom-solo"
	done
	tar -C "$work/arm64" --strip-components=1 -xzf "$(ls "$DIST"/bytom-solo-*-linux-arm64.tar.gz)"
	"${run[@]}" "$work/arm64/bytom-solo" bench --compare=false --isa portable --threads 1 --rounds 1 --turn 100ms
	# The kernel starts no arm64 program by itself, as the skipped tests do.
	CGO_ENABLED=0 GOARCH=arm64 "$GO" test -exec "${run[*]}" -skip '^TestFormat(OnAFullDisk|Killed)$' ./boltcheck ./stratum/wire
}

windows() {
	step 'windows/amd64 under Wine'
	scripts/apt.sh wine:wine,wine64 unzip:unzip x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64
	! without wine windows && ! without x86_64-w64-mingw32-gcc windows || return 0
	export WINEPREFIX=$work/wine WINEDEBUG=-all
	wine wineboot -i >/dev/null 2>&1
	# Wine 8 lacks the library that Go has random bytes from.
	x86_64-w64-mingw32-gcc -shared -x c -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" - -ladvapi32 <<-END
		unsigned char SystemFunction036(void *, unsigned long);
		__declspec(dllexport) int ProcessPrng(void *p, unsigned long long n) { return SystemFunction036(p, n); }
	END
	unzip -q "$DIST"/bytom-solo-*-windows-amd64.zip -d "$work/windows"
	local run=(wine "$(ls "$work"/windows/*/bytom-solo.exe)")
	"${run[@]}" version
	hashes "${run[@]}"
	"${run[@]}" init --chain_id solonet --home "$work/windows/home"
	[ -s "$work/windows/home/config.toml" ] || fail 'init wrote no config.toml'
	"${run[@]}" bench --compare=false --threads 1 --rounds 1 --turn 100ms
	"${run[@]}" rig --benchmark=5s
	x86_64-w64-mingw32-gcc -o "$work/windows/stand-in.exe" scripts/test-dist-windows.c
	cp "$work"/windows/*/deploy/windows/bytom-solo-service.cmd "$work/windows"/bytom-solo-*/
	(
		cd "$work/windows"
		start_script
		console
	)
	wineserver -k || true
}

# In the folder of the stand-in and of the unpacked archive.
start_script() {
	step 'the start script for Windows'
	local script codes end port=$((20000 + RANDOM % 10000))
	script=$(echo bytom-solo-*/bytom-solo-service.cmd | tr / '\\')
	# What init and then each node end with; what the script ends with.
	while read -r codes end; do
		rm -f calls.txt
		CODES=$codes BYTOM_SOLO=stand-in.exe BYTOM_SOLO_PAUSE=0 TMHOME='C:\a home' \
			timeout 60 wine cmd /c "$script" --moniker 'two words' </dev/null >script.txt 2>&1 && got=0 || got=$?
		[ "$got" = "$end" ] || fail "it ended with $got, expected $end, where the program ends with $codes"
		(
			echo '[init][--home][C:\a home]'
			for _ in $(echo "$codes" | tr , ' ' | cut -s -d ' ' -f 2-); do
				echo '[node][--home][C:\a home][--web.closed][--log_file][log][--moniker][two words]'
			done
		) | diff --strip-trailing-cr - calls.txt || fail "the program was not called so, where it ends with $codes"
		echo "ends with $end where the program ends with $codes"
	done <<-END
		1 1
		0,0 0
		0,2 2
		0,1,7,3,0 0
		0,-1073741819,-1073741510 0
		0,3,130 0
	END
	# Without peers: Wine 8 lacks what Go asks of sockets for UDP.
	TMHOME=$(winepath -w "$PWD/home") wine cmd /c "$script" --mining --mining.threads 1 --vault_mode \
		--api_addr 127.0.0.1:$port </dev/null >script.txt 2>&1 &
	for _ in $(seq 60); do
		health=$(wine bytom-solo-*/bytom-solo.exe health --home home --api_addr 127.0.0.1:$port 2>/dev/null | tr -d '\r') && break
		sleep 1
	done
	echo "$health" | grep 'work is handed out' || { tail -n 20 script.txt; fail 'the node that it starts is not healthy'; }
	wineserver -k || true
	wait
}

console() {
	step 'a console of Windows'
	local program node=(node --home home --mining --mining.threads 1 --vault_mode --web.closed --api_addr 127.0.0.1:0)
	program=$(echo bytom-solo-*/bytom-solo.exe | tr / '\\')
	: >screen.txt
	{
		timeout 120 sh -c 'until grep -q "block accepted" screen.txt; do sleep 1; done' || true
		printf h
		sleep 2
		printf q
		sleep 5
	} | NO_COLOR=1 script -qefc "stty cols 300 rows 50; wine stand-in.exe console modes.txt '$program ${node[*]}'" screen.txt >/dev/null
	grep -q 'key=q' screen.txt || fail 'the key q did not stop it'
	grep -q '15 MIN' screen.txt || fail 'the key h shows no hashrates'
	printf 'before: 1\nwhile: 0\nafter: 1\n' | diff --strip-trailing-cr - modes.txt || fail 'clicks select text, which stops the node'
	echo 'keys work, and clicks select no text while the node runs'
}

[ $# -gt 0 ] || set -- same papers lint deb alone arm64 windows
for name; do
	case $name in
	same | alone) ;;
	papers | lint | deb | arm64 | windows) first ;;
	*) fail "step $name: expected same, papers, lint, deb, alone, arm64 or windows" ;;
	esac
	"$name"
done
echo
for line in "${left_out[@]}"; do echo "left out: $line"; done
