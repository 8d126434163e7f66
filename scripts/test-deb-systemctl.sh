#!/bin/sh
# Stands in for systemctl in a root that systemd can't run in: scripts/test-deb.sh puts it in the
# place of the real one, which is systemctl.distrib then. A unit's command runs as its user, in its directories, with its
# environment, umask and limit of files, and without capabilities. What the unit forbids beyond
# that is not tested here. What concerns files alone is left to the real systemctl.
set -eu
log=/var/log/systemctl.log
echo "$*" >>"$log"

value() { sed -n "s/^$1=//p" "/usr/lib/systemd/system/$unit" | tail -n 1 | sed 's|%S|/var/lib|g; s|%C|/var/cache|g'; }
pid() { cat "/run/$unit.pid" 2>/dev/null || echo 0; }
active() { [ "$(pid)" != 0 ] && kill -0 "$(pid)" 2>/dev/null; }

as_unit() { # COMMAND LINE: becomes it
	files=$(value LimitNOFILE)
	# A container's root may not raise its limit.
	prlimit --nofile="$files" true 2>/dev/null || files=$(ulimit -Hn)
	exec prlimit --nofile="$files" setpriv --reuid="$(value User)" --regid="$(value Group)" --init-groups \
		--no-new-privs --inh-caps=-all --bounding-set=-all \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin $(value Environment) sh -euc "
			umask $(value UMask)
			cd /
			set -a
			$(value EnvironmentFile | sed 's/^-//; s/.*/[ ! -e & ] || . &/')
			exec $1"
}

start() {
	active && return
	for kind in State:lib Cache:cache; do
		dir=/var/${kind#*:}/$(value "${kind%:*}Directory")
		install -d -o "$(value User)" -g "$(value Group)" -m "$(value "${kind%:*}DirectoryMode")" "$dir"
	done
	(as_unit "$(value ExecStartPre)") >>"/var/log/$unit.log" 2>&1
	as_unit "$(value ExecStart)" >>"/var/log/$unit.log" 2>&1 </dev/null &
	echo $! >"/run/$unit.pid"
}

stop() {
	active || return 0
	kill -TERM "$(pid)"
	tenths=0
	while active; do
		[ "$tenths" -lt "$(value TimeoutStopSec)0" ] || { kill -KILL "$(pid)"; echo "killed $unit" >>"$log"; break; }
		sleep 0.1
		tenths=$((tenths + 1))
	done
	echo "stopped $unit in $tenths tenths of a second" >>"$log"
	rm "/run/$unit.pid"
}

verb=
for word; do
	case $word in
	-*) ;;
	*.service) units="${units:-} $word" ;;
	*) [ -n "$verb" ] && units="${units:-} $word.service" || verb=$word ;;
	esac
done
case $verb in
start | stop | restart | try-restart | is-active) ;;
daemon-reload) exit 0 ;;
*) exec systemctl.distrib "$@" ;;
esac
for unit in ${units:-}; do
	case $verb in
	is-active) active ;;
	try-restart) ! active || { stop; start; } ;;
	restart) stop; start ;;
	*) $verb ;;
	esac
done
