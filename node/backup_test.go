package node

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/api"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/payout"
)

// TestBackupHasWhatTheNetworkCannotGiveBack writes a backup twice: the second replaces the first, is
// for its owner's eyes alone, and its files are whole and have what was counted until then.
func TestBackupHasWhatTheNetworkCannotGiveBack(t *testing.T) {
	n := walletNode(t, func(c *Config) { c.Stratum.Listen, c.Payout.Scheme = "127.0.0.1:0", payout.PPLNS })
	home := n.config.Bytom.RootDir
	plain := []string{"mining/fleet.key", "mining/fleet.json", "config.toml"}
	for _, name := range plain {
		if err := os.WriteFile(filepath.Join(home, filepath.FromSlash(name)), []byte("x = 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var b Backup
	for i := range 2 {
		n.ledger.Add(ledger.Entry{At: time.Now(), Rig: "a.1", Kind: ledger.Accepted, Effective: 10, Network: 100})
		if detail := n.ask(t, BackupRoute, "", &b); detail != "" {
			t.Fatalf("backup %d: %s", i, detail)
		}
	}
	var names []string
	for _, f := range b.Files {
		path := filepath.Join(b.Folder, filepath.FromSlash(f.Name))
		info, err := os.Stat(path)
		if err != nil || info.Size() != f.Bytes || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v, expected %d bytes for its owner alone", f.Name, info, err, f.Bytes)
		}
		if strings.HasSuffix(f.Name, ".db") {
			if err := boltcheck.Check(t.Context(), path); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		if !strings.HasPrefix(f.Name, "keystore/") {
			names = append(names, f.Name)
		}
	}
	want := append([]string{"mining/payouts.db", "mining/rigs.db", "mining/journal.db", "mining/history.db", "mining/overrides.db", "wallet.json"}, plain...)
	if !slices.Equal(names, want) || len(b.Files) != len(want)+1 {
		t.Errorf("%v, expected %v and one key", b.Files, want)
	}
	if _, err := os.Stat(filepath.Join(home, "backup.new")); err == nil || b.Folder != filepath.Join(home, "backup") {
		t.Errorf("it is in %s, and backup.new: %v", b.Folder, err)
	}
	rigs, err := ledger.Read(filepath.Join(b.Folder, "mining", "rigs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer rigs.Close()
	if all := rigs.Rigs(time.Now()); len(all) != 1 || all[0].Accepted != 2 {
		t.Errorf("the ledger's copy has %+v, expected two shares of a.1", all)
	}
	var image api.WalletImage
	raw, err := os.ReadFile(filepath.Join(b.Folder, WalletImageFile))
	if err == nil {
		err = json.Unmarshal(raw, &image)
	}
	if err != nil || len(image.AccountImage.Slice) != 1 || image.KeyImages == nil {
		t.Errorf("the wallet's image has %+v, %v, expected an account and its key", image, err)
	}
}

// backedUpNode is a node that has a backup, and that.
func backedUpNode(t *testing.T) (n *wholeNode, b Backup) {
	t.Helper()
	config := soloConfig(home(t))
	withPayee(t, config)
	n, _ = newWholeNode(t, config)
	if detail := n.ask(t, BackupRoute, "", &b); detail != "" {
		t.Fatal(detail)
	}
	return n, b
}

// TestABackupThatFailsLeavesTheLast has a key file that can't be read.
func TestABackupThatFailsLeavesTheLast(t *testing.T) {
	n, b := backedUpNode(t)
	if err := os.Mkdir(filepath.Join(n.config.Bytom.RootDir, "config.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if detail := n.ask(t, BackupRoute, "", &b); !strings.Contains(detail, "config.toml") {
		t.Errorf("a folder was copied as a file: %q", detail)
	}
	if _, err := os.Stat(filepath.Join(b.Folder, "mining", "journal.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(n.config.Bytom.RootDir, "backup.new")); err == nil {
		t.Error("what was begun is left behind")
	}
}

// TestABackupWithoutWhatIsThereIsNone: books that the node could not open, here of a newer format,
// are in the last backup perhaps, and nowhere else.
func TestABackupWithoutWhatIsThereIsNone(t *testing.T) {
	config := soloConfig(home(t))
	withRigs(t, config)
	config.Bytom.DBBackend = "memdb"
	n, stop := newWholeNode(t, config)
	var b Backup
	if detail := n.ask(t, BackupRoute, "", &b); detail != "" {
		t.Fatal(detail)
	}
	stop()
	kept, folder := filepath.Join(b.Folder, "mining"), filepath.Join(config.Bytom.RootDir, "mining")
	for _, name := range []string{"journal.db", "overrides.db", "rigs.db", "history.db", "payouts.db"} {
		setNewerFormat(t, filepath.Join(folder, name))
		n, stop := newWholeNode(t, config)
		if detail := n.ask(t, BackupRoute, "", new(Backup)); !strings.Contains(detail, "mining/"+name) {
			t.Errorf("a backup was made without %s: %q", name, detail)
		}
		stop()
		if files, err := os.ReadDir(kept); err != nil || len(files) != 4 {
			t.Errorf("%s: the last backup has %v, %v", name, files, err)
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// setNewerFormat has a file say that a later version wrote it.
func setNewerFormat(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists([]byte("meta"))
		if err != nil {
			return err
		}
		return meta.Put([]byte("format"), []byte{99})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
