package node

import (
	"bytes"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// cutStorage is a storage that knows what a power cut leaves: of each file what was synced, and the
// latest name of the manifest.
type cutStorage struct {
	storage.Storage
	mu   sync.Mutex
	left map[storage.FileDesc][]byte
	meta storage.FileDesc
}

func (s *cutStorage) Create(fd storage.FileDesc) (storage.Writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.Storage.Create(fd)
	s.left[fd] = nil
	return &cutWriter{Writer: w, to: s, fd: fd}, err
}

func (s *cutStorage) SetMeta(fd storage.FileDesc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meta = fd
	return s.Storage.SetMeta(fd)
}

func (s *cutStorage) Remove(fd storage.FileDesc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.left, fd)
	return s.Storage.Remove(fd)
}

type cutWriter struct {
	storage.Writer
	to      *cutStorage
	fd      storage.FileDesc
	written []byte
}

func (w *cutWriter) Write(p []byte) (int, error) {
	w.written = append(w.written, p...)
	return w.Writer.Write(p)
}

func (w *cutWriter) Sync() error {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.left[w.fd] = slices.Clone(w.written)
	return w.Writer.Sync()
}

// cut is what a power cut leaves, in a storage of its own.
func (s *cutStorage) cut(t *testing.T) *cutStorage {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	after := &cutStorage{Storage: storage.NewMemStorage(), left: maps.Clone(s.left), meta: s.meta}
	for fd, content := range s.left {
		w, err := after.Storage.Create(fd)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	if err := after.Storage.SetMeta(s.meta); err != nil {
		t.Fatal(err)
	}
	return after
}

// TestPowerCutAfterAStart cuts the power of a database that has just been opened, again and again: it
// opens, and has what was written to stay.
func TestPowerCutAfterAStart(t *testing.T) {
	files := &cutStorage{Storage: storage.NewMemStorage(), left: make(map[storage.FileDesc][]byte)}
	d := newDisk("", slog.New(slog.DiscardHandler), func(Notification) {})
	for round := range byte(4) {
		db, err := openStorage(files, "", d, tablesLeast)
		if err != nil {
			t.Fatalf("start %d: %v", round, err)
		}
		for i := range round {
			if got := db.Get([]byte{i}); !bytes.Equal(got, []byte{i}) {
				t.Errorf("start %d: key %d has the value %v", round, i, got)
			}
		}
		files = files.cut(t)
		db.Close()
		if db, err = openStorage(files, "", d, tablesLeast); err != nil {
			t.Fatalf("start %d, after a cut at once: %v", round, err)
		}
		db.SetSync([]byte{round}, []byte{round})
		files = files.cut(t)
		db.Close()
	}
}
