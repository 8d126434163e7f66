#!/usr/bin/env bash
# bbolt 1.5.0 (go.etcd.io/bbolt): a file whose map could not be made larger, once, is refused from
# then on, to readers too, though nothing is wrong with it.
#
# A file that outgrows its map has the old map removed before the new one is made. Where that fails the
# transaction has the system's error and is undone, as it should be; but nothing maps the file again,
# not even at its old size, and there is no call that does but Close and Open.
#
# Maps fail for a moment for reasons that pass: at a limit of the address space, as LimitAS= of a
# service is, or, on Windows, where a map of N bytes makes the file N bytes long, on a full disk.
# Whoever keeps a file open for months and retries what failed, as one does for a full disk, retries
# for ever.
#
# Seen, under Linux with RLIMIT_AS: the write fails with "cannot allocate memory"; with the limit
# gone each View and each Update is refused as not correctly mapped; after Close and Open all that was
# written before the failure is there, and the same write succeeds. The same of 1.3.10 and 1.4.3.
# boltcheck.DB opens such a file again.
#
# Fails if that is no longer so.
set -euo pipefail
[ "$(uname -s)" = Linux ] || { echo "skipped: it takes Linux' RLIMIT_AS"; exit 0; }
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

var bucket = []byte("bucket")

func must(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
		os.Exit(1)
	}
}

func open() *bolt.DB {
	db, err := bolt.Open("file.db", 0o600, &bolt.Options{InitialMmapSize: 128 << 20, NoSync: true})
	must(err)
	return db
}

// put writes a quarter of a mebibyte.
func put(db *bolt.DB, n int) error {
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.Put([]byte{byte(n >> 8), byte(n)}, make([]byte, 1<<18))
	})
}

func count(db *bolt.DB) (n int, err error) {
	err = db.View(func(tx *bolt.Tx) error { n = tx.Bucket(bucket).Stats().KeyN; return nil })
	return n, err
}

// limit leaves the process 96 MiB of addresses beyond what it has. The next map takes 128.
func limit() (before syscall.Rlimit) {
	raw, err := os.ReadFile("/proc/self/statm")
	must(err)
	var pages uint64
	_, err = fmt.Sscan(string(raw), &pages)
	must(err)
	must(syscall.Getrlimit(syscall.RLIMIT_AS, &before))
	must(syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: pages*uint64(os.Getpagesize()) + 96<<20, Max: before.Max}))
	return before
}

func main() {
	db := open()
	before := limit()
	n, failed := 0, error(nil)
	for ; failed == nil && n < 1000; n++ {
		failed = put(db, n)
	}
	n--
	must(syscall.Setrlimit(syscall.RLIMIT_AS, &before))
	fmt.Printf("write %d: %v; the limit is gone\n", n, failed)
	_, reading := count(db)
	writing := put(db, n)
	fmt.Printf("then: View: %v; Update: %v\n", reading, writing)
	must(db.Close())
	db = open()
	there, err := count(db)
	must(err)
	must(put(db, n))
	fmt.Printf("opened again: %d values, and the write succeeds\n", there)
	if failed == nil || reading == nil || writing == nil || there != n {
		os.Exit(1)
	}
}
GO
for version in v1.3.10 v1.4.3 v1.5.0; do
	printf 'module example.test/unmapped\n\ngo 1.23\n' >go.mod
	rm -f go.sum file.db
	if ! go get "go.etcd.io/bbolt@$version" >log 2>&1; then
		cat log
		exit 1
	fi
	echo "bbolt $version"
	GOGC=20 go run .
done
