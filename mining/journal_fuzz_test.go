package mining

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// FuzzJournalEntries has any entry in a journal: it is refused by an error with its path, or each
// fate is found by its block's hash, can be told and goes on, and is the same when it is read again.
func FuzzJournalEntries(f *testing.F) {
	filetest.FuzzEntries(f, filetest.LeftBy(f, "6874dd1", "journal.db"), func(t *testing.T, path string) {
		j, err := OpenJournal(path, nil)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		event := Event{State: StateMain, At: time.Unix(1, 0).UTC(), Best: 7}
		for _, fate := range j.Open() {
			if err := j.Append(fate.ID, true, event); err != nil {
				t.Errorf("block %s, which is open: %v", fate.ID.String(), err)
			}
		}
		was, counts := toldFates(t, j), j.Counts()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if j, err = ReadJournal(path); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if again := toldFates(t, j); was != again || !reflect.DeepEqual(nonzero(counts), nonzero(j.Counts())) {
			t.Errorf("%s %v came again as %s %v", was, counts, again, j.Counts())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// nonzero leaves out the states that no block has.
func nonzero(counts map[FateState]int) map[FateState]int {
	some := make(map[FateState]int)
	for state, n := range counts {
		if n != 0 {
			some[state] = n
		}
	}
	return some
}

// toldFates is all that a journal says of its blocks, as JSON. A block that is read is the one
// that was asked for.
func toldFates(t *testing.T, j *Journal) string {
	t.Helper()
	all, err := j.Fates()
	if err != nil {
		t.Fatal(err)
	}
	for _, fate := range all {
		if one, ok, err := j.Fate(fate.ID); !ok || err != nil || !reflect.DeepEqual(one, fate) {
			t.Errorf("%+v is found by its hash as %+v, %v %v", fate, one, ok, err)
		}
		if b, err := j.Block(fate.ID); err == nil && b.Hash() != fate.ID {
			h := b.Hash()
			t.Errorf("asked for block %s, got %s", fate.ID.String(), h.String())
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
