package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	leveldberrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/storage"

	dbm "github.com/bytom/bytom/database/leveldb"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// A damaged database of Bytom's is found when it is opened, or when the damage is read at last.
// What can be had again is set aside, and begun anew; for the chain and the wallet the node stops,
// and says what to do. docs/design/damaged-files.md

// bytomDatabase is what one of them means to its owner.
type bytomDatabase struct {
	// has says what is in it, and without what becomes of that if it is begun anew.
	has, without string
	// stay means that it is not begun anew unasked.
	stay bool
}

// bytomDatabases are those of a data directory, by name.
var bytomDatabases = map[string]bytomDatabase{
	"core": {"the chain", "the chain is synced again from its peers, and found blocks that it lacks are submitted again", true},
	"wallet": {"the wallet's accounts, but not its keys, which are files in keystore/",
		"then give it the accounts back: wallet.json of the last backup, by /restore-wallet, or, without one, the keys' xpubs, by /recovery-wallet; " +
			"or start with --wallet.disable and --mining.address", true},
	"accesstoken": {"the access tokens", "who used one is refused until it is created anew, by 'bytom-solo token create'", false},
	"txfeeds":     {"the feeds of transactions", "they are to be created anew by who uses them", false},
	"discover":    {"addresses of peers", "peers are looked for again", false},
	"blacklist":   {"peers that were turned away", "they are let in until they misbehave again", false},
}

func databaseAt(path string) bytomDatabase {
	return bytomDatabases[strings.TrimSuffix(filepath.Base(path), ".db")]
}

// unusable says of a database that can't be read or written what to do.
func unusable(path string, err error) error {
	d := databaseAt(path)
	return fmt.Errorf("the database %s, which has %s, can't be used: %w: if the disk is sound and the files are this user's, it is damaged: "+
		"put a copy of the whole folder in its place, or move it away, 'mv %s %s.damaged', and start again: %s (docs/runbook.md, Damaged database)",
		path, d.has, err, path, path, d.without)
}

// openWhole opens a database, and reads it through if it is one of the small ones. One that is
// damaged is set aside and begun anew if nothing is lost by that which can't be had again.
func openWhole(path string, d *disk, tables int) (dbm.DB, error) {
	db, err := openRead(path, d, tables)
	if isDamage(err) && !databaseAt(path).stay {
		aside, failed := boltcheck.SetAside(path, time.Now())
		if err = errors.Join(err, failed); failed == nil {
			d.log.Error("a database was damaged: it is set aside, and a new one begun", "database", path, "had", databaseAt(path).has,
				"now", databaseAt(path).without, "set_aside", aside, "error", err)
			db, err = openRead(path, d, tables)
		}
	}
	if err != nil {
		d.fail(unusable(path, err))
		return nil, err
	}
	return db, nil
}

// readLimit is how long a start waits for a database to be read through. What is damaged behind that
// stops the node when it is read.
const readLimit = 5 * time.Second

// openRead opens a database and reads it, but for the chain's, which is large: each block has a
// checksum.
func openRead(path string, d *disk, tables int) (*levelDB, error) {
	db, err := openLevelDB(path, d, tables)
	if err != nil || filepath.Base(path) == "core.db" {
		return db, err
	}
	all := db.db.NewIterator(nil, nil)
	defer all.Release()
	for end := time.Now().Add(readLimit); all.Next() && time.Now().Before(end); {
	}
	if err := all.Error(); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// isDamage reports whether an error is that the files are not what was written, and not that they
// can't be read.
func isDamage(err error) bool {
	var corrupted *leveldberrors.ErrCorrupted
	var list *storage.ErrCorrupted
	return errors.As(err, &corrupted) || errors.As(err, &list)
}

// droppedWrites are the latest writes to a database that LevelDB leaves out when it is opened, as
// they are not whole. It says so to its own log alone, and deletes their file.
type droppedWrites struct {
	dir  string
	disk *disk

	mu    sync.Mutex
	files map[string]bool
}

// note takes a line of LevelDB's log.
func (w *droppedWrites) note(line string) {
	text, ok := strings.CutPrefix(line, "journal@drop journal-")
	if !ok {
		return
	}
	number, why, _ := strings.Cut(text, " ")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.files == nil {
		w.files = make(map[string]bool)
	}
	if !w.files[number] {
		w.disk.log.Error("the latest writes to a database were damaged, and are left out; what was not damaged is there",
			"database", w.dir, "has", databaseAt(w.dir).has, "file", number, "kept_as", "*"+keptSuffix, "why", why)
	}
	w.files[number] = true
}

const keptSuffix = ".log.damaged"

// keep moves a file out of LevelDB's sight instead of its being deleted, if it is one of those.
func (w *droppedWrites) keep(fd storage.FileDesc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if fd.Type != storage.TypeJournal || !w.files[fmt.Sprint(fd.Num)] {
		return false
	}
	name := filepath.Join(w.dir, fmt.Sprintf("%06d", fd.Num))
	return os.Rename(name+".log", name+keptSuffix) == nil
}
