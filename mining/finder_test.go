package mining

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	bolt "go.etcd.io/bbolt"
)

// TestWhoFoundABlockIsWrittenDown has two rigs find a block each at one height: the
// journal and the log say who it was, also in a later run, and that the second lost to
// one of ours.
func TestWhoFoundABlockIsWrittenDown(t *testing.T) {
	c := newFakeChain()
	path := filepath.Join(t.TempDir(), "j.db")
	j := newJournal(t, path)
	var log bytes.Buffer
	s := newJournaled(t, c, j)
	s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	first, second := solve(t, testJob(t, c), true), solve(t, NewJob(testJob(t, c).Template, 2), true)
	first.By = Finder{Kind: FoundByRig, Name: "shed.rig1", Address: "192.168.1.7"}
	second.By = Finder{Kind: FoundByDevice, Name: "cpu"}
	won, err := s.Submit(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	c.outcome = func(*types.Block) (Outcome, error) {
		c.place = func(bc.Hash, uint64) Place { return Place{Known: true, There: won.Block, Best: won.Height} }
		return SideChain, nil
	}
	lost, err := s.Submit(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`level=INFO msg="block accepted" height=`, `by="rig shed.rig1 at 192.168.1.7"`,
		`level=INFO msg="block lost to another of this node's, at the same height"`, `by="device cpu" winner=` + won.Block.String(),
	} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("no %q in\n%s", line, log.String())
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = newJournal(t, path)
	for id, by := range map[bc.Hash]Finder{won.Block: first.By, lost.Block: second.By} {
		if f, ok, err := j.Fate(id); !ok || err != nil || f.By != by {
			t.Errorf("%+v, %v, expected it to be by %+v", f, err, by)
		}
	}
	// As a file of before has it.
	err = j.db.Update(func(tx *bolt.Tx) error {
		var entry map[string]any
		if err := json.Unmarshal(tx.Bucket(fatesBucket).Get(won.Block.Bytes()), &entry); err != nil {
			return err
		}
		delete(entry, "by")
		raw, err := json.Marshal(entry)
		if err != nil {
			return err
		}
		return tx.Bucket(fatesBucket).Put(won.Block.Bytes(), raw)
	})
	if f, ok, err2 := j.Fate(won.Block); err != nil || err2 != nil || !ok || f.By != (Finder{}) || len(f.Events) != 4 {
		t.Errorf("of an old journal: %+v, %v, %v", f, err, err2)
	}
}
