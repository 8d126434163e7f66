package process_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestFilesOfEarlierVersions starts nodes with what earlier versions left in mining/, and an
// empty chain: all files are taken over, and the blocks of the journal go on the chain again,
// which has forgotten them. A second start has nothing to change.
func TestFilesOfEarlierVersions(t *testing.T) {
	t.Parallel() // It mostly waits.
	filetest.Earlier(t, "journal.db", func(t *testing.T, journal string, blocks []string) {
		const told = "a file of an older version has a new format"
		folder := filepath.Dir(journal)
		options := testnet.NodeOptions{Home: filepath.Dir(folder), Args: []string{"--stratum.listen", harness.RigAddress(t)}}
		if _, err := os.Stat(filepath.Join(folder, "payouts.db")); err == nil {
			options.Args = append(options.Args, "--payout.scheme", "pplns")
		}
		n := testnet.Start(t, options)
		n.WaitHeight(uint64(len(blocks)), time.Minute)
		for i, hash := range blocks {
			if at, err := n.BlockHash(uint64(i + 1)); err != nil || at != hash {
				t.Errorf("block %d is %s, expected %s: %v", i+1, at, hash, err)
			}
		}
		testnet.Wait(t, time.Minute, func() error {
			found, err := harness.FoundBlocks(n)
			for _, hash := range blocks {
				if err == nil {
					err = harness.CheckFate(n, hash, found)
				}
			}
			return err
		})
		for _, f := range figures(t, n).Faults {
			if f.ID == "journal" || f.ID == "ledger" || f.ID == "history" || f.ID == "overrides" || strings.HasPrefix(f.ID, "payouts") {
				t.Errorf("%+v", f)
			}
		}
		n.Stop()
		copies, err := filepath.Glob(filepath.Join(folder, "*.format-*"))
		if err != nil || len(copies) == 0 || strings.Count(n.Log(), told) != len(copies) {
			t.Errorf("%q, %v", copies, err)
		}
		again := testnet.Start(t, options)
		if strings.Contains(again.Log(), told) {
			t.Error("formats are changed at each start")
		}
	})
}

// TestFilesOfANewerVersion: a node goes on without them, says of each what to do, and changes
// none. It does not start where it would have to pay by books that it can't read.
func TestFilesOfANewerVersion(t *testing.T) {
	filetest.Earlier(t, "payouts.db", func(t *testing.T, payouts string, _ []string) {
		folder := filepath.Dir(payouts)
		before := make(map[string][]byte)
		for _, name := range []string{"journal.db", "overrides.db", "rigs.db", "history.db", "payouts.db"} {
			path := filepath.Join(folder, name)
			setFormat(t, path, 99)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			before[path] = raw
		}
		options := testnet.NodeOptions{Home: filepath.Dir(folder), Args: []string{"--stratum.listen", harness.RigAddress(t)}, ExpectErrors: []string{
			"the journal can't be opened", "which transactions to prioritise or to exclude can't be read",
			"what rigs do is counted, but not kept", "the history is in memory alone",
		}}
		n := testnet.Start(t, options)
		n.Stop()
		if strings.Count(n.Log(), "its format is 99, of a newer version of this program") != 4 {
			t.Error("the log does not say it of four files")
		}
		for path, raw := range before {
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(raw, after) {
				t.Errorf("%s was changed: %v", path, err)
			}
			if path == payouts {
				continue
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		out, err := harness.Execute(t, testnet.Solo(t), harness.SolonetArgs(options.Home, "--stratum.listen", harness.RigAddress(t), "--payout.scheme", "pplns")...)
		if err == nil || !strings.Contains(out, payouts) || !strings.Contains(out, "its format is 99, of a newer version of this program; this one knows formats up to 1") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

func setFormat(t *testing.T, path string, format byte) {
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
		return meta.Put([]byte("format"), []byte{format})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
