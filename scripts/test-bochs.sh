#!/bin/sh
# Runs the kernels of compute/cpu for AVX-VNNI, AVX512-VNNI and AMX as machine code, on
# processors that this machine is not: Bochs emulates whole PCs, which start Debian's
# Linux and nothing but our tests. Without arguments all guests below are started, one
# after the other; with arguments those that they name.
#
# It takes root, debootstrap and about 3 GB for a Debian of its own in $BOCHS_ROOT, which
# is kept. That one builds Bochs 3.0 from Debian's source with test-bochs.patch, which
# says why and is, as Bochs is, under the LGPL 2.1 or later. Debian's mirrors drop old
# sources: $BOCHS_SOURCE names a copy of the tarball.
set -eu
cd "$(dirname "$0")/.."
root=${BOCHS_ROOT:-/var/tmp/bytom-solo-bochs}
# So long may a guest take, in seconds.
limit=${BOCHS_LIMIT:-7200}
tarball=bochs_3.0+dfsg.orig.tar.xz
checksum=78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b

fail() { echo "test-bochs: $*" >&2; exit 1; }
inside() { chroot "$root" sh -euc "cd /bytom-solo-bochs; $1"; }

guests=$(sed -n 's/^wants \([^ ]*\) .*/\1/p' scripts/test-bochs.sh)
for name; do
	echo "$guests" | grep -qxF -e "$name" || fail "guest $name: expected one of" $guests
done
[ "$(id -u)" = 0 ] || fail 'this takes root, for debootstrap and chroot'
[ "$(uname -m)" = x86_64 ] || fail 'the emulated PCs run what is built here, so this takes an x86-64 machine'
command -v debootstrap >/dev/null || apt-get install -qy debootstrap
[ -e "$root/usr/bin/apt-get" ] || debootstrap --variant=minbase sid "$root"
work=$root/bytom-solo-bochs
mkdir -p "$work"

packages='bochsbios vgabios busybox-static ca-certificates cpio dpkg-dev file g++ isolinux libc6-dev make patch syslinux-common xorriso xz-utils'
[ "$(cat "$work/packages" 2>/dev/null)" = "$packages" ] || {
	inside "apt-get -q -o Acquire::Check-Valid-Until=false update; apt-get install -qy --no-install-recommends $packages"
	echo "$packages" >"$work/packages"
}

# Bochs, anew when the patch changes.
bochs=$work/bochs-$(sha256sum scripts/test-bochs.patch | cut -c1-16)
if [ ! -x "$bochs/bochs" ]; then
	[ -z "${BOCHS_SOURCE:-}" ] || cp "$BOCHS_SOURCE" "$work/$tarball"
	[ -e "$work/$tarball" ] || inside '
		for suite in trixie forky sid; do echo "deb-src http://deb.debian.org/debian $suite main"; done >sources.list
		options="-o Dir::Etc::SourceList=/bytom-solo-bochs/sources.list -o Dir::Etc::SourceParts=- -o Acquire::Check-Valid-Until=false -o APT::Get::List-Cleanup=false"
		apt-get -q $options update
		apt-get -q $options source --download-only bochs=3.0+dfsg-1' || :
	echo "$checksum  $work/$tarball" | sha256sum --check --quiet ||
		fail "no source of Bochs 3.0: set BOCHS_SOURCE to Debian's $tarball, of SHA-256 $checksum"
	rm -rf "$work"/bochs-*
	cp scripts/test-bochs.patch "$work/"
	inside "tar xJf $tarball; cd bochs-3.0; patch -p1 <../test-bochs.patch
		CXXFLAGS='-O3 -march=native' ./configure --enable-smp --enable-x86-64 --enable-all-optimizations \
			--enable-avx --enable-evex --enable-amx --enable-pci --disable-show-ips --disable-docbook \
			--disable-gameport --disable-xpm --with-nogui >/dev/null
		nice -n 10 make -j$(nproc) >../make.log 2>&1" || fail "Bochs was not built: see $work/make.log"
	mv "$work/bochs-3.0" "$bochs"
fi

# The kernel.
[ -e "$work/vmlinuz" ] || inside '
	release=$(apt-cache depends linux-image-cloud-amd64 | sed -n "s/.*Depends: linux-image-//p")
	apt-get -q download "linux-binary-$release"
	dpkg-deb --extract linux-binary-*.deb kernel
	cp kernel/usr/lib/modules/*/vmlinuz . || cp kernel/boot/vmlinuz-* vmlinuz'

# What a guest's memory holds: a shell, our programs with their libraries, and the job.
rm -rf "$work/disk" && mkdir -p "$work/disk/bin" "$work/disk/dev" "$work/disk/proc" "$work/disk/sys" "$work/disk/tmp" \
	"$work/disk/src/compute/cpu" "$work/disk/src/compute/testdata"
cp "$root/usr/bin/busybox" "$work/disk/bin/"
cp go.mod "$work/disk/src/"
cp compute/testdata/tensority.json "$work/disk/src/compute/testdata/"
${GO:-go} test -c -o "$work/disk/bin/cpu.test" ./compute/cpu
${GO:-go} build -ldflags '-s -w' -o "$work/disk/bin/bytom-solo" ./cmd/bytom-solo
ldd "$work/disk/bin/cpu.test" "$work/disk/bin/bytom-solo" | grep -o '/[^ :]*lib[^ :]*' | sort -u | while read -r library; do
	mkdir -p "$work/disk$(dirname "$library")"
	cp -L "$library" "$work/disk$library"
done
cat >"$work/disk/init" <<'END'
#!/bin/busybox sh
export PATH=/bin HOME=/tmp BYTOM_SOLO_LONG= TENSORITY_REQUIRE= TENSORITY_ISA=
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
cd /src/compute/cpu

# tests PATTERN runs the package's tests.
tests() { cpu.test -test.v -test.timeout 24h -test.run "$1"; }
# ladder KERNEL [PATTERN...] expects that KERNEL is chosen, and lines about the others.
ladder() {
	tests '^(TestKernels|TestChoice)$' >/tmp/kernels || { cat /tmp/kernels; return 1; }
	chosen="the kernel is $1\$"
	shift
	for pattern in "$chosen" "$@"; do
		grep -E ": $pattern" /tmp/kernels || { echo "no line $pattern in:"; cat /tmp/kernels; return 1; }
	done
}
# vector computes one by the program.
vector() {
	header=d0dad73fb2dabf3353fda15571b4e5f6ac62ff187b354fadd4840d9ff2f1afdf
	seed=0737520781345b11b7bd0f843c1bdd9aea81b6da94fd141cc9f2df53ac6744d2
	bytom-solo hash --devices cpu $seed $header | grep e35da54795d82f8549c0e580cbf2e3757ab5ef8fed1bdbe439416c7e6f8df227
}

(set -e; . /job)
echo "guest: status $?"
sleep 1
poweroff -f
END
chmod +x "$work/disk/init"

# guest NAME PROCESSOR WITHOUT KERNEL-OPTIONS starts a PC that runs the job on standard
# input. PROCESSOR and the features that it is WITHOUT are Bochs's names. The guest's
# clock counts instructions, $ips of them a second: a nanosecond each, unless set.
guest() {
	name=$1
	ips=${ips:-1000000000}
	mkdir -p "$work/iso/isolinux" && rm -f "$work/$name.log"
	cat >"$work/disk/job"
	cp "$work/vmlinuz" "$work/iso/"
	cp "$root/usr/lib/ISOLINUX/isolinux.bin" "$root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$work/iso/isolinux/"
	cat >"$work/iso/isolinux/isolinux.cfg" <<-END
		default linux
		label linux
		kernel /vmlinuz
		append initrd=/disk console=ttyS0,115200 quiet mitigations=off nokaslr no5lvl tsc_early_khz=$((ips / 1000)) tsc=reliable $4
	END
	cat >"$work/bochsrc" <<-END
		display_library: nogui
		romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		plugin_ctrl: speaker=0
		memory: guest=1024, host=1024
		boot: cdrom
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata0-master: type=cdrom, path=$name.iso, status=inserted
		cpu: model=$2, count=${BOCHS_CORES:-1}, ips=$ips${3:+, exclude_features="$3"}
		clock: sync=none
		com1: enabled=1, mode=file, dev=$name.log
		log: $name.bochs
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
	END
	inside "(cd disk && find . | cpio --quiet -o -H newc >../iso/disk)
		xorriso -as mkisofs -quiet -o $name.iso -b isolinux/isolinux.bin -c isolinux/boot.cat \
			-no-emul-boot -boot-load-size 4 -boot-info-table -r iso 2>/dev/null"
	echo "== $name: $2${3:+ without $3}${4:+, Linux with $4}"
	start=$(date +%s)
	nice -n 10 timeout "$limit" chroot "$root" sh -c \
		"cd /bytom-solo-bochs && exec ./${bochs##*/}/bochs -q -f bochsrc" >"$work/$name.out" 2>&1 </dev/null &
	pc=$!
	while kill -0 $pc 2>/dev/null; do
		grep -aqE '^guest: status|Kernel panic' "$work/$name.log" 2>/dev/null && break
		sleep 1
	done
	sleep 1
	kill $pc 2>/dev/null || :
	wait $pc 2>/dev/null || :
	tr -d '\r' <"$work/$name.log" | grep -av '^=== '
	rm -f "$work/$name.iso"
	grep -aq '^guest: status 0' "$work/$name.log" || fail "guest $name failed: see $work/$name.log and $name.bochs"
	echo "== $name: passed, $(($(date +%s) - start)) s"
}

wanted=" $* "
wants() { [ "$wanted" = '  ' ] || case $wanted in *" $1 "*) ;; *) false ;; esac; }

# A server with all three.
wants server && guest server sapphire_rapids '' '' <<'END'
grep -o 'Intel(R).*' /proc/cpuinfo | head -1
export TENSORITY_REQUIRE=amx,avx512vnni,avxvnni
ladder amx
TENSORITY_ISA=avx512vnni ladder avx512vnni
vector
tests '^(TestExpansion|TestSpread|TestConformance)$/^(amx|avx512|scalar)$'
END
wants vnni && guest vnni sapphire_rapids '' '' <<'END'
export TENSORITY_REQUIRE=avx512vnni,avxvnni
tests '^(TestExpansion|TestSpread|TestConformance)$/^(avx512vnni|avxvnni|avx2)$'
END
wants random && guest random sapphire_rapids '' '' <<'END'
export TENSORITY_REQUIRE=amx,avx512vnni,avxvnni
tests '^(TestExtremes|TestRandomPairs)$'
bytom-solo devices
END
# Two such processors, ten times slower: a hash then takes many of the system's ticks. Its
# threads are switched and moved, and get a profile's signals, with their tiles in use.
wants two && (BOCHS_CORES=2 ips=100000000 guest two sapphire_rapids '' '' <<'END'
export TENSORITY_REQUIRE=amx
cpu.test -test.v -test.run '^(TestSelfTest|TestSpread)$/^amx$' -test.cpuprofile /tmp/profile
test -s /tmp/profile
grep ctxt /proc/stat
END
)

# The loops that peaks are measured with. Those of tiles would take half an hour.
wants peaks && guest peaks sapphire_rapids '' '' <<'END'
tests '^TestPeaks$/^(avx512vnni|avxvnni)$'
END

# A client: AVX-VNNI without AVX-512.
wants client && guest client arrow_lake '' '' <<'END'
export TENSORITY_REQUIRE=avxvnni
ladder avxvnni 'avx512vnni.* false the processor' 'amx.* false the processor'
vector
tests '^(TestSelfTest|TestExpansion|TestSpread)$/^avxvnni$'
END

# A laptop of before: AVX512-VNNI without AVX-VNNI or tiles.
wants laptop && guest laptop corei7_icelake_u '' '' <<'END'
export TENSORITY_REQUIRE=avx512vnni
ladder avx512vnni 'avxvnni.* false the processor' 'amx.* false the processor'
vector
tests '^(TestSelfTest|TestExpansion|TestSpread)$/^avx512vnni$'
END

# AVX-512 of before VNNI, and AVX2 alone.
wants skylake && guest skylake corei7_skylake_x '' '' <<'END'
ladder avx2 'avxvnni.* false the processor' 'avx512vnni.* false the processor' 'amx.* false the processor'
END
wants haswell && guest haswell corei7_haswell_4770 '' '' <<'END'
ladder avx2 'avxvnni.* false the processor' 'avx512vnni.* false the processor' 'amx.* false the processor'
END

# Tiles without their products of bytes.
wants no-int8 && guest no-int8 sapphire_rapids amx_int8 '' <<'END'
ladder avx512vnni 'amx.* false the processor'
END

# A kernel that gives no tiles; one that gives no AVX-512 registers; one that knows of
# SSE alone, on which there is nothing to be chosen but C.
wants no-tiles && guest no-tiles sapphire_rapids '' clearcpuid=amx_tile <<'END'
ladder avx512vnni 'amx.* false the operating system'
vector
END
wants no-zmm && guest no-zmm sapphire_rapids '' clearcpuid=avx512f <<'END'
ladder avxvnni 'avx512vnni.* false the operating system' 'amx.* false the operating system'
END
wants no-xsave && guest no-xsave sapphire_rapids '' noxsave <<'END'
ladder portable 'avx2.* false the operating system' 'avxvnni.* false the operating system' 'amx.* false the operating system'
END

echo 'test-bochs: all guests passed'
