//go:build linux || darwin

package process_test

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"
)

// damage is what can happen to a file. It gives back what is to be there instead, nil for nothing
// that differs, as of a file that is empty already.
type damage struct {
	name string
	do   func(random *rand.Rand, whole []byte) []byte
}

// damages are those that are done to every file, beside that a folder is in its place. A file system
// that lost its last writes leaves the first four, a disk the last.
var damages = []damage{
	{"empty", func(_ *rand.Rand, whole []byte) []byte { return whole[:0] }},
	{"half", func(_ *rand.Rand, whole []byte) []byte { return whole[:len(whole)/2] }},
	{"a byte short", func(_ *rand.Rand, whole []byte) []byte { return whole[:max(0, len(whole)-1)] }},
	{"zeros", func(_ *rand.Rand, whole []byte) []byte { return make([]byte, len(whole)) }},
	{"a bit", flip},
}

// flip changes a bit of a file, and of one that is zeros for the most part a bit of what is not.
func flip(random *rand.Rand, whole []byte) []byte {
	whole = bytes.Clone(whole)
	var places []int
	for i, b := range whole {
		if b != 0 {
			places = append(places, i)
		}
	}
	if len(places) > 0 {
		whole[places[random.IntN(len(places))]] ^= 1 << random.IntN(8)
	}
	return whole
}

// folder is the damage that a folder is in a file's place, unreadable that the file may be neither read nor
// written, as one of another user.
const (
	folder     = "a folder"
	unreadable = "unreadable"
)

// kinds are all damages.
func kinds() []string {
	list := []string{folder, unreadable}
	for _, d := range damages {
		list = append(list, d.name)
	}
	return list
}

// harm does a damage to a file, and gives back what is there then; false says that nothing is
// different.
func harm(t *testing.T, path, kind string, seed uint64) (content []byte, done bool) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if kind == folder {
		if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
			t.Fatal(err)
		}
		return nil, true
	}
	if kind == unreadable {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		return nil, true
	}
	name := fnv.New64a()
	name.Write([]byte(kind))
	random := rand.New(rand.NewPCG(seed, name.Sum64()))
	for _, d := range damages {
		if d.name == kind {
			content = d.do(random, whole)
		}
	}
	if bytes.Equal(content, whole) {
		return nil, false
	}
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, content, info.Mode().Perm())
	}
	if err != nil {
		t.Fatal(err)
	}
	return content, true
}

// betweenRecords reports whether a file of LevelDB's latest writes ends where a record does. It has blocks
// of 32 KiB, each of records with a header: a checksum, the length in two bytes, and which part of a write
// it is, 1 for the whole and 4 for the last.
func betweenRecords(content []byte) bool {
	const block, header, whole, last = 32 << 10, 7, 1, 4
	end := true
	for at := 0; at < len(content); {
		if rest := block - at%block; rest < header {
			at += rest // Too small for a record: zeros.
			continue
		}
		if at+header > len(content) {
			return end // LevelDB takes part of a header for the end.
		}
		kind := content[at+6]
		at += header + int(content[at+4]) + int(content[at+5])<<8
		if end = at <= len(content) && (kind == whole || kind == last); at > len(content) {
			return false
		}
	}
	return end
}

// kept reports whether a home still has a file of a content, under whatever name.
func kept(t *testing.T, home string, content []byte) bool {
	t.Helper()
	found := false
	err := fs.WalkDir(os.DirFS(home), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || found || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() != int64(len(content)) {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(home), path)
		found = err == nil && bytes.Equal(text, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
