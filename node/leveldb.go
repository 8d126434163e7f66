package node

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"

	dbm "github.com/bytom/bytom/database/leveldb"
)

// useDisk has Bytom open its LevelDBs, its own ones for peers too, so that they wait for
// room on a disk, and keep so many files open each. It is for the whole process.
func useDisk(d *disk, files int) {
	open := func(name, dir string) (dbm.DB, error) {
		return openWhole(filepath.Join(dir, name+".db"), d, files)
	}
	registerDBCreator(dbm.LevelDBBackendStr, open, true)
	registerDBCreator(dbm.GoLevelDBBackendStr, open, true)
}

// levelDB is Bytom's GoLevelDB on a storage of ours, which it has no constructor for. Its
// methods have no errors to give back: there an error is a panic, here it is the disk's to
// stop the node for. That there is no room is no error.
type levelDB struct {
	db    *leveldb.DB
	files storage.Storage
	path  string
	disk  *disk
}

func openLevelDB(path string, d *disk, tables int) (*levelDB, error) {
	files, err := storage.OpenFile(path, false)
	if err != nil {
		return nil, err
	}
	db, err := openStorage(files, path, d, tables)
	if err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return db, nil
}

// openStorage opens a database on files of some kind.
func openStorage(files storage.Storage, path string, d *disk, tables int) (*levelDB, error) {
	if err := removeUnfinished(files); err != nil {
		return nil, err
	}
	// Without StrictManifest it would go on without what a damaged list of tables had behind the
	// damage, and delete those tables.
	options := &opt.Options{OpenFilesCacheCapacity: tables, Strict: opt.DefaultStrict | opt.StrictManifest}
	db, err := leveldb.Open(&waitingStorage{Storage: files, disk: d, dropped: &droppedWrites{dir: path, disk: d}}, options)
	if err != nil {
		return nil, err
	}
	return &levelDB{db, files, path, d}, nil
}

// removeUnfinished removes what an interrupted start left of a new database: a
// manifest that nothing names yet, which LevelDB takes for a database that is broken.
func removeUnfinished(files storage.Storage) error {
	if _, err := files.GetMeta(); !errors.Is(err, os.ErrNotExist) {
		return nil // There is one, or LevelDB says what is wrong.
	}
	left, err := files.List(storage.TypeAll)
	if err != nil || slices.ContainsFunc(left, func(f storage.FileDesc) bool { return f.Type != storage.TypeManifest }) {
		return err
	}
	for _, f := range left {
		if err := files.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

// must ends the goroutine where there is an error, which the node then stops for: who asked can
// do nothing with it, and must not take it that there is nothing.
func (l *levelDB) must(err error) {
	if err == nil {
		return
	}
	if !errors.Is(err, leveldb.ErrClosed) { // The node stops already.
		l.disk.fail(unusable(l.path, err))
	}
	runtime.Goexit()
}

// Get is nil for a key that is not there.
func (l *levelDB) Get(key []byte) []byte {
	value, err := l.db.Get(key, nil)
	if errors.Is(err, leveldb.ErrNotFound) {
		return nil
	}
	l.must(err)
	return value
}

// synced are writes that are on the disk when they return.
var synced = &opt.WriteOptions{Sync: true}

func (l *levelDB) Set(key, value []byte)     { l.must(l.db.Put(key, value, nil)) }
func (l *levelDB) SetSync(key, value []byte) { l.must(l.db.Put(key, value, synced)) }
func (l *levelDB) Delete(key []byte)         { l.must(l.db.Delete(key, nil)) }
func (l *levelDB) DeleteSync(key []byte)     { l.must(l.db.Delete(key, synced)) }
func (l *levelDB) Close()                    { _, _ = l.db.Close(), l.files.Close() }
func (l *levelDB) Print()                    {}
func (l *levelDB) Stats() map[string]string  { return nil }
func (l *levelDB) NewBatch() dbm.Batch       { return &levelBatch{db: l} }
func (l *levelDB) Iterator() dbm.Iterator    { return levelIterator{l.db.NewIterator(nil, nil), l} }
func (l *levelDB) IteratorPrefix(prefix []byte) dbm.Iterator {
	return levelIterator{l.db.NewIterator(util.BytesPrefix(prefix), nil), l}
}

// levelBatch is writes that are applied together.
type levelBatch struct {
	leveldb.Batch
	db *levelDB
}

func (b *levelBatch) Set(key, value []byte) { b.Put(key, value) }
func (b *levelBatch) Write()                { b.db.must(b.db.db.Write(&b.Batch, nil)) }

// levelIterator returns copies, as its callers keep them. They take an error for the end.
type levelIterator struct {
	iterator.Iterator
	db *levelDB
}

func (i levelIterator) Key() []byte   { return append([]byte{}, i.Iterator.Key()...) }
func (i levelIterator) Value() []byte { return append([]byte{}, i.Iterator.Value()...) }

// Next satisfies dbm.Iterator.
func (i levelIterator) Next() bool { return i.whole(i.Iterator.Next()) }

// Seek satisfies dbm.Iterator.
func (i levelIterator) Seek(key []byte) bool { return i.whole(i.Iterator.Seek(key)) }

func (i levelIterator) whole(more bool) bool {
	if err := i.Error(); !more && !errors.Is(err, leveldb.ErrClosed) && !errors.Is(err, leveldb.ErrIterReleased) {
		i.db.must(err)
	}
	return more
}

// waitingStorage is a storage whose writes wait for room, however far they have come: to
// LevelDB they are slow.
type waitingStorage struct {
	storage.Storage
	disk    *disk
	dropped *droppedWrites

	mu       sync.Mutex
	manifest storage.Writer // the newest
	named    storage.FileDesc
}

// Create satisfies storage.Storage.
func (s *waitingStorage) Create(fd storage.FileDesc) (w storage.Writer, err error) {
	err = s.disk.write(func() (err error) { w, err = s.Storage.Create(fd); return err })
	if err != nil {
		return nil, err
	}
	w = waitingWriter{w, s.disk}
	if fd.Type == storage.TypeManifest {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.manifest, s.named = w, fd
	}
	return w, nil
}

// SetMeta satisfies storage.Storage. LevelDB makes a new manifest at each start, and names it before
// it is on the disk: after a power cut within seconds the database would be what an empty file says.
func (s *waitingStorage) SetMeta(fd storage.FileDesc) error {
	s.mu.Lock()
	manifest, named := s.manifest, s.named
	s.mu.Unlock()
	if manifest != nil && named == fd {
		if err := manifest.Sync(); err != nil {
			return err
		}
	}
	return s.disk.write(func() error { return s.Storage.SetMeta(fd) })
}

// Log satisfies storage.Storage.
func (s *waitingStorage) Log(line string) {
	s.dropped.note(line)
	s.Storage.Log(line)
}

// Remove satisfies storage.Storage.
func (s *waitingStorage) Remove(fd storage.FileDesc) error {
	if s.dropped.keep(fd) {
		return nil
	}
	return s.Storage.Remove(fd)
}

// Rename satisfies storage.Storage.
func (s *waitingStorage) Rename(from, to storage.FileDesc) error {
	return s.disk.write(func() error { return s.Storage.Rename(from, to) })
}

// waitingWriter is a file of it.
type waitingWriter struct {
	storage.Writer
	disk *disk
}

// Write satisfies io.Writer. What was written of p before there was no more room is not
// written again.
func (w waitingWriter) Write(p []byte) (int, error) {
	done := 0
	err := w.disk.write(func() error {
		n, err := w.Writer.Write(p[done:])
		done += n
		return err
	})
	return done, err
}

// Sync satisfies storage.Syncer.
func (w waitingWriter) Sync() error { return w.disk.write(w.Writer.Sync) }
