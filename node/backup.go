package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/api"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// BackupRoute has the node write a backup, and answers with a Backup.
const BackupRoute = "/backup"

// Backup is a folder with all of a home directory that can't be had again from the network.
type Backup struct {
	// Folder is on the node's machine, in its home directory. The next backup replaces it.
	Folder string       `json:"folder"`
	Files  []BackupFile `json:"files"`
}

// BackupFile is one of its files.
type BackupFile struct {
	// Name is its path within the folder, with slashes; it has the same in a home directory, but
	// for WalletImageFile.
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// WalletImageFile has the wallet's keys, accounts and assets as /backup-wallet gives them and
// /restore-wallet takes them. The keys are encrypted by their passwords.
const WalletImageFile = "wallet.json"

// backups writes backups, one at a time. It is safe for concurrent use.
type backups struct {
	node *Node
	mu   sync.Mutex
}

func (b *backups) register(r *mux.Router) {
	r.HandleFunc(BackupRoute, jsonHandler(func(*http.Request) (any, error) {
		if !b.mu.TryLock() {
			return nil, errors.New("a backup is being written")
		}
		defer b.mu.Unlock()
		return b.write()
	}))
}

// write replaces the last backup once the new one is whole. Nothing that mines waits for it,
// but for what is copied at that moment.
func (b *backups) write() (Backup, error) {
	home := b.node.config.Bytom.RootDir
	done, fresh := filepath.Join(absolute(home), "backup"), filepath.Join(home, "backup.new")
	w := backupWriter{folder: fresh}
	err := beginFolder(done, fresh)
	if err == nil {
		err = os.MkdirAll(filepath.Join(fresh, "mining"), 0o700)
	}
	if err == nil {
		err = errors.Join(b.copyBooks(&w), b.copyWallet(&w))
	}
	for _, name := range []string{"mining/fleet.key", "mining/fleet.json", "config.toml"} {
		if err == nil {
			err = w.copyPlain(filepath.Join(home, filepath.FromSlash(name)), name)
		}
	}
	if err == nil {
		err = syncFolders(fresh) // Before it takes the last one's place, which is deleted then.
	}
	if err == nil {
		err = replaceFolder(done, fresh)
	}
	if err != nil {
		return Backup{}, errors.Join(fmt.Errorf("back up: %w", err), os.RemoveAll(fresh))
	}
	return Backup{Folder: done, Files: w.files}, nil
}

// beginFolder makes room for a fresh folder that is to take the place of another. Where a process was killed while it did that, the
// former one is put back first: until the fresh one is whole it is the only one.
func beginFolder(done, fresh string) error {
	old := done + ".old"
	if _, err := os.Lstat(done); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(old, done); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(os.RemoveAll(old), os.RemoveAll(fresh))
}

// replaceFolder has a fresh folder take the place of another. That one is deleted last, as it may be half gone before it is
// known that it can't be.
func replaceFolder(done, fresh string) error {
	old := done + ".old"
	if err := os.Rename(done, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, done); err != nil {
		return errors.Join(err, os.Rename(old, done))
	}
	if err := syncFolder(filepath.Dir(done)); err != nil {
		return err
	}
	_ = os.RemoveAll(old) // If it can't be, the next backup says so.
	return nil
}

// copyBooks copies the files of mining/. The order matters: what is split is in the journal, and by
// shares that are in the ledger, so these may be newer than the books, and not older.
func (b *backups) copyBooks(w *backupWriter) error {
	n := b.node
	errs := []error{b.unopened()}
	if n.payouts != nil {
		errs = append(errs, w.add("mining/payouts.db", n.payouts.books.Copy))
	}
	if n.ledger != nil {
		errs = append(errs, w.add("mining/rigs.db", n.ledger.Copy))
	}
	if n.journal != nil {
		errs = append(errs, w.add("mining/journal.db", n.journal.Copy))
	}
	errs = append(errs, w.add("mining/history.db", n.history.Copy))
	if n.overrides != nil {
		errs = append(errs, w.add("mining/overrides.db", n.overrides.Copy))
	}
	return errors.Join(errs...)
}

// unopened is an error about files of the home directory that the node could not open: they are
// damaged, or of a newer version. A backup without them would take the place of the last one, which
// may have their only copy that is good.
func (b *backups) unopened() error {
	n := b.node
	var errs []error
	for name, open := range map[string]bool{
		"payouts.db": n.payouts != nil, "journal.db": n.journal != nil, "overrides.db": n.overrides != nil,
		"rigs.db": n.ledger == nil || !n.ledger.InMemory(), "history.db": !n.history.InMemory(),
	} {
		if info, err := os.Stat(filepath.Join(n.config.Bytom.RootDir, "mining", name)); !open && err == nil {
			errs = append(errs, fmt.Errorf("mining/%s, of %d bytes, could not be opened, as the log of the node's start says: the last backup is left as it is", name, info.Size()))
		}
	}
	return errors.Join(errs...)
}

// copyWallet writes the wallet's image, and copies its key files.
func (b *backups) copyWallet(w *backupWriter) error {
	if wallet := b.node.bytom.wallet; wallet != nil {
		var image api.WalletImage
		var err error
		if image.KeyImages, err = wallet.Hsm.Backup(); err != nil {
			return fmt.Errorf("the wallet's keys: %w", err)
		}
		if image.AssetImage, err = wallet.AssetReg.Backup(); err != nil {
			return fmt.Errorf("the wallet's assets: %w", err)
		}
		if image.AccountImage, err = wallet.AccountMgr.Backup(); err != nil {
			return fmt.Errorf("the wallet's accounts: %w", err)
		}
		raw, err := json.Marshal(image)
		if err != nil {
			return err
		}
		if err := w.add(WalletImageFile, func(path string) (int64, error) { return writeSynced(path, raw) }); err != nil {
			return err
		}
	}
	keys, err := os.ReadDir(b.node.config.Bytom.KeysDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, key := range keys {
		if err == nil && key.Type().IsRegular() {
			err = w.copyPlain(filepath.Join(b.node.config.Bytom.KeysDir(), key.Name()), "keystore/"+key.Name())
		}
	}
	return err
}

// backupWriter writes files into a folder.
type backupWriter struct {
	folder string
	files  []BackupFile
}

// add has copy write a file. What is in memory alone, and has no file, is left out.
func (w *backupWriter) add(name string, copy func(path string) (int64, error)) error {
	size, err := copy(filepath.Join(w.folder, filepath.FromSlash(name)))
	if errors.Is(err, ledger.ErrInMemory) || errors.Is(err, history.ErrInMemory) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	w.files = append(w.files, BackupFile{name, size})
	return nil
}

// copyPlain copies a file that nobody has open; none is left out.
func (w *backupWriter) copyPlain(from, name string) error {
	raw, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(filepath.Join(w.folder, filepath.FromSlash(name))), 0o700)
	}
	if err != nil {
		return err
	}
	return w.add(name, func(path string) (int64, error) { return writeSynced(path, raw) })
}

// writeSynced writes a file that is on the disk when it returns.
func writeSynced(path string, raw []byte) (int64, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = file.Write(raw)
	return int64(len(raw)), errors.Join(err, file.Sync(), file.Close())
}
