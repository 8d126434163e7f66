#!/usr/bin/env bash
# goleveldb v1.0.0 (github.com/syndtr/goleveldb), its only release of the last years and what
# `go get` gives, and its commit 5c35d600f0ca of 2020, which many chains pin: opening a database
# has CURRENT name a new manifest of which nothing is on the disk.
#
# Each open of an existing database writes a manifest of a new number. The library's own storage
# syncs CURRENT and the folder, but the manifest is synced neither before that nor by the open at
# all: after a power cut CURRENT names an empty file. LevelDB of C++ syncs the manifest first, and
# so does goleveldb's commit 64b5b1c73954 of 2021, which no release has.
#
# Seen: 0 syncs of the manifest when it is named, and until the close; of a storage that keeps just
# what was synced, the database is refused then: its manifest is corrupted. With the commit of 2021:
# 1 sync, and it opens. Whoever has to stay with a release can sync it in SetMeta of a storage of
# his own.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// synced keeps of each file what was synced.
type synced struct {
	storage.Storage
	kept  map[storage.FileDesc][]byte
	syncs map[storage.FileDesc]int
	named storage.FileDesc
	then  int // syncs of the manifest when it was named
}

type writer struct {
	storage.Writer
	of  *synced
	fd  storage.FileDesc
	all []byte
}

func (s *synced) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := s.Storage.Create(fd)
	s.kept[fd] = nil
	return &writer{Writer: w, of: s, fd: fd}, err
}

func (s *synced) SetMeta(fd storage.FileDesc) error {
	s.named, s.then = fd, s.syncs[fd]
	return s.Storage.SetMeta(fd)
}

func (w *writer) Write(p []byte) (int, error) {
	w.all = append(w.all, p...)
	return w.Writer.Write(p)
}

func (w *writer) Sync() error {
	w.of.syncs[w.fd]++
	w.of.kept[w.fd] = append([]byte{}, w.all...)
	return w.Writer.Sync()
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	s := &synced{Storage: storage.NewMemStorage(), kept: map[storage.FileDesc][]byte{}, syncs: map[storage.FileDesc]int{}}
	for range 2 {
		db, err := leveldb.Open(s, nil)
		must(err)
		must(db.Close())
	}
	r, err := s.Open(s.named)
	must(err)
	text, err := io.ReadAll(r)
	must(err)
	fmt.Printf("%v has %d bytes, %d syncs when it was named, %d until the close\n", s.named, len(text), s.then, s.syncs[s.named])
	after := storage.NewMemStorage() // what is left after a power cut
	for fd, text := range s.kept {
		w, err := after.Create(fd)
		must(err)
		_, err = w.Write(text)
		must(err)
		must(w.Close())
	}
	must(after.SetMeta(s.named))
	_, err = leveldb.Open(after, nil)
	fmt.Println("opened again:", err)
	if lost := s.then == 0 && err != nil; len(text) == 0 || lost != (os.Args[1] == "lost") {
		os.Exit(1)
	}
}
GO
try() {
	printf 'module example.test/manifest\n\ngo 1.22\n' >go.mod
	rm -f go.sum
	if ! go get "github.com/syndtr/goleveldb@$1" >log 2>&1; then
		cat log
		exit 1
	fi
	echo "goleveldb $1"
	go run . "$2" 2>log || { cat log; echo "expected: $2"; exit 1; }
}
try v1.0.0 lost
try v1.0.1-0.20200815110645-5c35d600f0ca lost
try v1.0.1-0.20210305035536-64b5b1c73954 kept
