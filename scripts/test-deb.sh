#!/usr/bin/env bash
# Takes a Debian package through its life, in a fresh Debian 12 of its own:
#
#   scripts/test-deb.sh OLD.deb NEW.deb
#
# Installed with what it depends on, started, blocks mined on a solonet, upgraded while it mines
# and between a found block's way into the journal and onto the chain, stopped, removed and
# purged, each step printed. It takes root and debootstrap. The untouched
# Debian, 300 MB in $DEB_ROOT, is kept for the next time.
set -Eeuo pipefail
old=$(realpath "$1") new=$(realpath "$2")
cd "$(dirname "$0")/.."
pristine=${DEB_ROOT:-/var/tmp/bytom-solo-bookworm}

# In name spaces of its own: whatever happens, its processes and mounts end with it.
if [ -z "${TEST_DEB_WORK:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo 'this takes root, for debootstrap and chroot' >&2; exit 1; }
	[ -e "$pristine/usr/bin/apt-get" ] || debootstrap --variant=minbase bookworm "$pristine"
	TEST_DEB_WORK=$(mktemp -d)
	export TEST_DEB_WORK
	trap 'rm -rf --one-file-system "$TEST_DEB_WORK"' EXIT
	unshare --mount --mount-proc --pid --fork --kill-child "$0" "$old" "$new"
	exit
fi

root=$TEST_DEB_WORK/root
home=/var/lib/bytom-solo
log=$root/var/log/bytom-solo.service.log
cp -a "$pristine" "$root"
cp /etc/resolv.conf "$root/etc/"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx" 2>/dev/null || true

step() { echo; echo "== $*"; }
fail() {
	echo "test-deb: $*" >&2
	tail -n 20 "$root/var/log/systemctl.log" "$log" >&2 || true
	exit 1
}
trap 'fail "line $LINENO"' ERR
in_root() { chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb HOME=/root "$@"; }
quiet() { in_root DEBIAN_FRONTEND=noninteractive "$@" >"$TEST_DEB_WORK/out" 2>&1 || { cat "$TEST_DEB_WORK/out" >&2; fail "$*"; }; }
install() { quiet apt-get install -qy --no-install-recommends "/$1"; }
# debconf asks at a terminal alone, and what is typed before it asks is thrown away.
asked() { # ANSWER: purges, and gives it
	{
		for _ in $(seq 120); do
			grep -q 'Delete found blocks.*yes/no' "$TEST_DEB_WORK/out" && break
			sleep 0.5
		done
		sleep 1
		echo "$1"
		sleep 5
	} | in_root DEBIAN_FRONTEND=teletype script -qec 'apt-get purge -qy bytom-solo' /dev/null >"$TEST_DEB_WORK/out"
	grep -A 1 'Delete found blocks' "$TEST_DEB_WORK/out" || { cat "$TEST_DEB_WORK/out"; fail 'it did not ask'; }
}
as_operator() { in_root setpriv --reuid=bytom-solo --regid=bytom-solo --init-groups bytom-solo "$@" --home $home; }
hashes() { as_operator journal --json | sed -n 's/^    "hash": "\(.*\)",/\1/p' | sort; }
blocks() { { hashes 2>/dev/null || true; } | wc -l; } # none while the node starts
mines_past() { # COUNT: waits until the journal has more blocks
	for _ in $(seq 120); do
		[ "$(blocks)" -le "$1" ] || return 0
		sleep 0.5
	done
	fail "no block after $1 within a minute"
}
# The copy of a journal is read without asking a node: none is at port 1.
open_blocks() { # HOME: found blocks in its journal which the chain has not answered for
	in_root bytom-solo journal --json --api_addr 127.0.0.1:1 --home "$1" | awk '
		/^    "hash":/ { gsub(/[",]/, ""); hash = $2; all[hash] }
		/^        "state": "submitted"/ { delete all[hash] }
		END { for (hash in all) print hash }'
}
on_chain() { # HASH: whether the chain's database has it, by whatever was written last
	cat "$root$home"/data/core.db/*.log | od -An -v -tx1 | tr -d ' \n' | grep -q "$1"
}
# Stops the node, as a machine that hangs does, at a moment at which the journal has a block and
# the chain does not: from the journal's next change on it goes for the blink of an eye at a
# time. Sets frozen to the block.
freeze_before_chain() {
	local journal=$root$home/mining/journal.db copy=$root/tmp/copy/mining/journal.db mark=$TEST_DEB_WORK/mark pid hash
	pid=$(pid)
	mkdir -p "${copy%/*}"
	for _ in $(seq 60); do
		cp "$journal" "$copy"
		touch -r "$journal" "$mark"
		until [ "$journal" -nt "$mark" ]; do :; done
		for _ in $(seq 400); do
			kill -STOP "$pid"
			if ! cmp -s "$journal" "$copy"; then
				cp "$journal" "$copy"
				for hash in $(open_blocks /tmp/copy 2>/dev/null); do
					on_chain "$hash" || { frozen=$hash; return 0; }
				done
			fi
			kill -CONT "$pid"
		done
		sleep 0.1 # for what else it writes of this block
	done
	fail 'at no moment was a block in the journal and not on the chain'
}
running() { in_root systemctl is-active bytom-solo; }
pid() { cat "$root/run/bytom-solo.service.pid"; }
stopped_in_time() {
	local line
	line=$(grep 'stopped bytom-solo' "$root/var/log/systemctl.log" | tail -n 1)
	echo "$line"
	[ "$(echo "$line" | grep -o '[0-9]*')" -le 50 ] || fail 'SIGTERM did not end it within 5 s'
}
whole() { # the home, the settings and what was found are there
	local lost
	lost=$(comm -23 "$TEST_DEB_WORK/found" <(hashes))
	[ -z "$lost" ] || fail "lost from the journal: $lost"
	grep -q '^TM_MINING=true' "$root/etc/default/bytom-solo" || fail 'the settings were changed'
	[ -n "$(ls "$root$home/keystore")" ] || fail 'the keystore is gone'
}

step 'install, with what it depends on'
cp "$old" "$root/old.deb"
cp "$new" "$root/new.deb"
quiet apt-get -q update
install old.deb
in_root bytom-solo version
[ "$(in_root stat -c '%U:%G %a' $home)" = 'bytom-solo:bytom-solo 700' ] || fail "$home: $(in_root stat -c '%U:%G %a' $home)"
[ "$(in_root systemctl is-enabled bytom-solo 2>&1)" = disabled ] || fail 'the service is enabled'
! pgrep -x bytom-solo >/dev/null || fail 'it runs before anybody said for whom'

step 'purge what was never started: nothing is asked, nothing stays'
quiet apt-get purge -qy bytom-solo
[ ! -e "$root$home" ] && [ ! -e "$root/etc/default/bytom-solo" ] || fail 'something stayed'
install old.deb

step 'settings, a solonet, and the first start'
quiet dpkg-divert --local --rename --add /bin/systemctl
cp scripts/test-deb-systemctl.sh "$root/bin/systemctl"
mkdir -p "$root/run/systemd/system"
port=$((20000 + RANDOM % 10000))
cat >>"$root/etc/default/bytom-solo" <<-END
	TM_MINING=true
	TM_MINING_THREADS=1
	TM_API_ADDR=127.0.0.1:$port
	TM_P2P_LADDR=tcp://127.0.0.1:$((port + 1))
	TM_P2P_SKIP_UPNP=true
	TM_P2P_LAN_DISCOVERABLE=false
END
as_operator init --chain_id solonet >"$TEST_DEB_WORK/out"
sed -i "s/^api_addr = .*/api_addr = \"127.0.0.1:$port\"/" "$root$home/config.toml"
in_root systemctl enable bytom-solo
in_root systemctl start bytom-solo
mines_past 2
echo "blocks in the journal: $(blocks)"
grep -E '^(Uid|NoNewPrivs|CapEff|CapBnd)' "/proc/$(pid)/status"
grep 'Max open files' "/proc/$(pid)/limits"
[ "$(stat -c %U "/proc/$(pid)")" != root ] || fail 'it runs as root'
[ "$(awk '/CapBnd/ {print $2}' "/proc/$(pid)/status")" = 0000000000000000 ] || fail 'it has capabilities'

step 'upgrade while it mines'
hashes >"$TEST_DEB_WORK/found"
before=$(pid)
install new.deb
stopped_in_time
running || fail 'the upgrade left it stopped'
[ "$(pid)" != "$before" ] || fail 'the upgrade did not restart it'
in_root bytom-solo version
whole
mines_past "$(blocks)"
as_operator health
echo "blocks in the journal: $(blocks); those of the old version are all there"

step 'go back to the old version, by dpkg'
quiet dpkg -i /old.deb
stopped_in_time
whole
mines_past "$(blocks)"

step 'upgrade, by dpkg, of a node that hangs with a block journaled and not submitted'
freeze_before_chain
echo "in the journal alone: $frozen"
quiet dpkg -i /new.deb
tail -n 2 "$root/var/log/systemctl.log"
running || fail 'the upgrade left it stopped'
mines_past "$(blocks)"
grep "block of an earlier run submitted.*$frozen outcome=\"main chain\"" "$log" || fail "$frozen was not submitted at the start"
as_operator blocks --json --last 0 >"$TEST_DEB_WORK/out"
grep -A 20 "\"hash\": \"$frozen\"" "$TEST_DEB_WORK/out" | grep -m 1 '"state": "\(main\|confirmed\)"' || fail "$frozen is not on the chain"
on_chain "$frozen" || fail "the chain's database does not have $frozen"

step 'stop, and start again'
in_root systemctl stop bytom-solo
stopped_in_time
hashes >"$TEST_DEB_WORK/found"
whole
in_root systemctl start bytom-solo
mines_past "$(wc -l <"$TEST_DEB_WORK/found")"

step 'remove: it stops, and everything stays'
hashes >"$TEST_DEB_WORK/found"
quiet apt-get remove -qy bytom-solo
stopped_in_time
! pgrep -x bytom-solo >/dev/null || fail 'it still runs'
[ ! -e "$root/usr/bin/bytom-solo" ] || fail 'the program is still there'
install new.deb
whole
! running || fail 'the installation started it'

step 'purge without anybody to ask: found blocks and the wallet stay, and where is said'
quiet apt-get purge -qy bytom-solo
grep "kept $home" "$TEST_DEB_WORK/out" || fail 'it does not say where they are'
[ ! -e "$root/etc/default/bytom-solo" ] && [ ! -e "$root/etc/systemd/system/multi-user.target.wants/bytom-solo.service" ] ||
	fail 'settings or the enabled unit stayed'
install new.deb
echo TM_MINING=true >>"$root/etc/default/bytom-solo"
whole

step 'purge asks, and is told no'
asked no
install new.deb
echo TM_MINING=true >>"$root/etc/default/bytom-solo"
whole

step 'purge asks, and is told yes'
asked yes
[ ! -e "$root$home" ] || fail "$home is still there"
[ ! -e "$root/var/cache/bytom-solo" ] || fail 'the cache is still there'

step 'the package lived as it should'
