#!/usr/bin/env bash
# Puts what a release consists of into dist/, or into a folder:
#
#   scripts/dist.sh [FOLDER]
#
# Archives with the kernels and graphics cards, static builds beside them, Debian packages, an
# SBOM of each build, and SHA256SUMS. With each program come its manual page and the licences of
# what it is linked with. What can't be built here is left out, and said at the end.
#
# TARGETS="linux/amd64 darwin/arm64" builds these alone. VERSION and SOURCE_DATE_EPOCH are the
# commit's where they are not given. Two builds of a commit
# by the same Go and C compilers are equal to the byte: scripts/test-dist.sh compares builds in
# folders, at times and in environments that have nothing in common.
set -euo pipefail
shopt -s extglob
out=${1:-dist}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."
: "${GO:=go}" "${TARGETS:=linux/amd64 linux/arm64 windows/amd64 darwin/arm64}"
: "${VERSION:=$(git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo 0.1.0-dev)}"
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}" # 1980: zip's first year

scripts/apt.sh "$(uname -m | sed s/arm64/aarch64/)-linux-gnu-gcc:gcc,libc6-dev" \
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu,libc6-dev-arm64-cross \
	x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64 readelf:binutils zip:zip

# What an environment could change in the bytes. Of Go's own settings remain those that say
# where modules come from.
for name in GOPROXY GOSUMDB GONOPROXY GONOSUMDB GOPRIVATE GOINSECURE GOTOOLCHAIN GOCACHE GOMODCACHE; do
	export "$name=$("$GO" env "$name")"
done
unset GOOS GOARCH CC CXX AR CFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH LIBRARY_PATH GCC_EXEC_PREFIX COMPILER_PATH GZIP ZIPOPT TAR_OPTIONS
export GO GOENV=off GOFLAGS='' GOWORK=off GOEXPERIMENT='' GOAMD64=v1 GOARM64=v8.0 GOFIPS140=off
export CGO_CPPFLAGS='' CGO_CFLAGS='-O2 -g0' CGO_LDFLAGS='-O2 -g0'
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
umask 022

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
skipped=()
skip() { skipped+=("$1: $2"); }

build() { # OS ARCH: the program, without a path, time or id of where it was made
	local mode=() link="-s -w -buildid= -X main.version=$VERSION"
	# Code of others in C, such as drivers of cards: at addresses that nobody can guess.
	[ "$1 $CGO_ENABLED" != 'linux 1' ] || mode=(-buildmode=pie) link+=' -extldflags=-Wl,-z,relro,-z,now'
	GOOS=$1 GOARCH=$2 "$GO" build "${mode[@]}" -trimpath -buildvcs=false -ldflags "$link" \
		-o "$stage/program" ./cmd/bytom-solo
	third_party "$1" "$2"
}

tool() { # FILE PACKAGE: one of tools/go.mod, which an SBOM names by its checksum
	CGO_ENABLED=0 "$GO" build -modfile=tools/go.mod -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o "$stage/$1" "$2"
}

compiler() { # OS ARCH: the C compiler that builds for it
	case $1/$2 in
	linux/amd64) echo x86_64-linux-gnu-gcc ;;
	linux/arm64) echo aarch64-linux-gnu-gcc ;;
	windows/amd64) echo x86_64-w64-mingw32-gcc ;;
	esac
}

third_party() { # OS ARCH: what else is in the program, and under which licences
	local others=('preact and uPlot, in the page=web/bundle/licences.txt') runtime=/usr/share/doc/mingw-w64-x86-64-dev/copyright
	if [ "$1 $CGO_ENABLED" = 'windows 1' ]; then
		[ -e "$runtime" ] && others+=("MinGW-w64, in the program=$runtime") || skip THIRD-PARTY "no $runtime"
	fi
	GOOS=$1 GOARCH=$2 "$stage/licences" "${others[@]}" >"$stage/THIRD-PARTY"
}

papers() { # FOLDER: what comes with the program, the same from any checkout
	cp -R README.md CHANGELOG.md docs "$stage/THIRD-PARTY" "$1"
	mkdir "$1/deploy"
	(cd deploy && cp -R -- !(deb) "$1/deploy")
}

settle() { # FOLDER: modes and times that do not depend on who built it when
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f -exec chmod 644 {} +
	find "$1" -type f \( -path "$1/usr/bin/*" -o -name bytom-solo -o -name '*.exe' -o -name '*.sh' \) -exec chmod 755 {} +
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

archive() { # OS NAME: the program and its papers, and an SBOM beside them
	local os=$1 name=$2 dir=$stage/$2 exe=
	[ "$os" != windows ] || exe=.exe
	mkdir "$dir"
	cp "$stage/program" "$dir/bytom-solo$exe"
	[ "$os" = windows ] || cp "$stage/bytom-solo.1" "$dir"
	cp LICENSE "$dir"
	papers "$dir"
	settle "$dir"
	if [ "$os" != windows ]; then
		tar -C "$stage" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
			--mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
	elif command -v zip >/dev/null; then
		(cd "$stage" && find "$name" | sort | zip -9 -X -q -@ "$out/$name.zip")
	else
		skip "$name.zip" 'no zip'
	fi
	"$stage/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "$VERSION" \
		-output "$out/$name.cdx.json" "$stage/program"
	rm -r "$dir"
}

# The version as Debian orders them: v1.2.0-rc1 before v1.2.0, before v1.2.0-7-gabc, and what has
# no tag before all of them, by the time of its commit.
deb_version() {
	local version=${VERSION#v} dirty=
	[ "${version%-dirty}" = "$version" ] || { version=${version%-dirty} dirty=+dirty; }
	case $version in
	[0-9]*.*) echo "$version$dirty" | sed -E 's/-([0-9]+)-g([0-9a-f]+)/+\1.\2/; s/-/~/g' ;;
	*) echo "0~$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$version$dirty" ;;
	esac
}

deb() { # ARCH: the program as a Debian package
	local tree=$stage/deb doc=$stage/deb/usr/share/doc/bytom-solo
	DEB_ARCH=$1 DEB_TREE=$tree DEB_VERSION=$(deb_version)
	DEB_GLIBC=$(readelf -W --dyn-syms "$stage/program" | sed -n 's/.*@GLIBC_\([0-9.]*\).*/\1/p' | sort -uV | tail -n 1)
	export DEB_ARCH DEB_TREE DEB_VERSION DEB_GLIBC
	mkdir -p "$tree/usr/bin" "$tree/usr/lib/systemd/system" "$tree/usr/lib/sysusers.d" "$tree/usr/share/man/man1" "$doc"
	cp "$stage/program" "$tree/usr/bin/bytom-solo"
	cp deploy/systemd/*.service "$tree/usr/lib/systemd/system"
	cp deploy/systemd/bytom-solo.sysusers "$tree/usr/lib/sysusers.d/bytom-solo.conf"
	gzip -9nc "$stage/bytom-solo.1" >"$tree/usr/share/man/man1/bytom-solo.1.gz"
	papers "$doc"
	(cat deploy/deb/copyright && sed 's/^$/./; s/^/ /' LICENSE) >"$doc/copyright"
	printf 'bytom-solo (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$DEB_VERSION" \
		"$(sed -n 's/^maintainer: //p' deploy/deb/nfpm.yaml)" "$(date -R -d "@$SOURCE_DATE_EPOCH")" |
		gzip -9n >"$doc/changelog.gz"
	settle "$tree"
	"$stage/nfpm" package -f deploy/deb/nfpm.yaml -p deb -t "$out/bytom-solo_${DEB_VERSION}_$1.deb" >/dev/null
	rm -r "$tree"
}

tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
tool nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm
CGO_ENABLED=0 "$GO" build -o "$stage/licences" ./scripts/licences
CGO_ENABLED=0 "$GO" build -ldflags "-X main.version=$VERSION" -o "$stage/here" ./cmd/bytom-solo
env -i HOME="$stage" "$stage/here" manual >"$stage/bytom-solo.1"
rm -f "$out"/bytom-solo[-_]* "$out/SHA256SUMS"
for target in $TARGETS; do
	os=${target%/*} arch=${target#*/}
	name=bytom-solo-$VERSION-$os-$arch
	cc=$(compiler "$os" "$arch")
	if [ -n "$cc" ] && command -v "$cc" >/dev/null; then
		echo "$name"
		CGO_ENABLED=1 CC=$cc build "$os" "$arch"
		archive "$os" "$name"
		if [ "$os" = linux ]; then deb "$arch"; fi
	else
		skip "$name" "no ${cc:-C compiler for it}"
	fi
	echo "$name-static"
	CGO_ENABLED=0 build "$os" "$arch"
	archive "$os" "$name-static"
done

(cd "$out" && sha256sum -- bytom-solo[-_]* >"$stage/sums" && mv "$stage/sums" SHA256SUMS && cat SHA256SUMS)
for line in "${skipped[@]}"; do echo "left out: $line" >&2; done
