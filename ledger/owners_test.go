package ledger

import (
	"fmt"
	"maps"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// owned adds an accepted share of an owner.
func (lt *ledgerTest) owned(rig, owner string) {
	lt.ledger.Add(Entry{At: lt.now, Rig: rig, Owner: owner, Effective: 1, Network: 10, Work: 7})
}

// byOwner counts the shares of the log.
func (lt *ledgerTest) byOwner() map[string]int {
	lt.t.Helper()
	n := make(map[string]int)
	if err := lt.ledger.Shares(func(s Share) bool { n[s.Owner]++; return true }); err != nil {
		lt.t.Fatal(err)
	}
	return n
}

func (lt *ledgerTest) expectOwners(want map[string]int) {
	lt.t.Helper()
	if got := lt.byOwner(); !maps.Equal(got, want) {
		lt.t.Fatalf("shares by owner: %v, expected %v", got, want)
	}
}

// ownersOnDisk are the file's.
func (lt *ledgerTest) ownersOnDisk() (names map[uint32]string) {
	lt.t.Helper()
	names = make(map[uint32]string)
	err := lt.ledger.file.View(func(tx *bolt.Tx) error {
		return tx.Bucket(ownersBucket).ForEach(func(key, name []byte) error {
			var id uint32
			err := unpack(key, &id)
			names[id] = string(name)
			return err
		})
	})
	if err != nil {
		lt.t.Fatal(err)
	}
	return names
}

// TestOwnersOfRigsBeyondTheBound: rigs are counted among the others, their owners are not.
func TestOwnersOfRigsBeyondTheBound(t *testing.T) {
	lt := newLedgerTest(t, 20)
	lt.ledger.cfg.Rigs = 5
	want := make(map[string]int)
	for i := range 300 {
		owner := fmt.Sprint("bm1q", i%30)
		lt.owned(fmt.Sprint(owner, ".", i), owner)
		want[owner]++
	}
	if n := len(lt.ledger.Rigs(lt.now)); n != 6 {
		t.Fatalf("%d rigs", n)
	}
	lt.expectOwners(want)
	lt.restart(false)
	lt.expectOwners(want)
}

// TestOwnersOutliveTheirRigs: the rig is forgotten for its age, a kept share still names its
// owner.
func TestOwnersOutliveTheirRigs(t *testing.T) {
	lt := newLedgerTest(t, 21)
	lt.ledger.cfg.Days = 2
	lt.owned("old.0", "bm1qold")
	for range 5 {
		lt.now = lt.now.Add(day)
		lt.owned("a.0", "bm1qa")
		lt.flush()
	}
	lt.ledger.Keep(0)
	lt.prune()
	lt.flush()
	if all := lt.ledger.Rigs(lt.now); len(all) != 1 || all[0].Rig != "a.0" {
		t.Fatalf("rigs: %+v", all)
	}
	lt.expectOwners(map[string]int{"bm1qold": 1, "bm1qa": 5})
	lt.restart(true)
	lt.expectOwners(map[string]int{"bm1qold": 1, "bm1qa": 5})
}

// TestOwnersGoWithTheirLastShare, on the disk too, and their ids are nobody else's ever after.
func TestOwnersGoWithTheirLastShare(t *testing.T) {
	lt := newLedgerTest(t, 22)
	ids := make(map[uint32]string)
	note := func() {
		t.Helper()
		for id, name := range lt.ownersOnDisk() {
			if before, known := ids[id]; known && before != name {
				t.Fatalf("the id %d was %s's, and is %s's", id, before, name)
			}
			ids[id] = name
		}
	}
	for i := range 40 {
		lt.owned("a.0", fmt.Sprint("bm1q", i%13))
		lt.flush()
		note()
		lt.ledger.cfg.Shares = 3
		lt.owned("a.0", fmt.Sprint("bm1qwaiting", i%2)) // Not on the disk: it stays.
		lt.prune()
		lt.flush()
		note()
		if i%5 == 4 {
			lt.restart(i%2 == 0)
		}
		named := lt.byOwner()
		for id, name := range lt.ownersOnDisk() {
			if named[name] == 0 {
				t.Fatalf("%s has the id %d, and no share", name, id)
			}
		}
		if named[fmt.Sprint("bm1qwaiting", i%2)] == 0 {
			t.Fatalf("a share that waited for the disk has lost its owner: %v", named)
		}
	}
	if len(ids) < 30 {
		t.Errorf("%d ids in all: the owners never went", len(ids))
	}
}

// TestKeptSharesAreNotPruned, by whatever limit; those before are.
func TestKeptSharesAreNotPruned(t *testing.T) {
	for name, limit := range map[string]func(*Config){
		"shares": func(c *Config) { c.Shares = 1 },
		"rows":   func(c *Config) { c.Rows = 1 },
		"days":   func(c *Config) { c.Days = 1 },
	} {
		lt := newLedgerTest(t, 23)
		for i := range 50 {
			lt.now = lt.now.Add(day / 2)
			lt.ledger.Add(Entry{At: lt.now, Rig: "a.0", Owner: "bm1q", Effective: 1, Network: 10, Solved: fmt.Sprint("block", i)})
			lt.flush()
		}
		limit(&lt.ledger.cfg)
		expect := func(first uint64) {
			t.Helper()
			n := first
			if err := lt.ledger.SharesFrom(0, func(s Share) bool {
				if s.Sequence != n {
					t.Errorf("%s: share %d, expected %d", name, s.Sequence, n)
				}
				n++
				return true
			}); err != nil || n != 50 {
				t.Errorf("%s: the last one is %d, %v", name, n-1, err)
			}
			for i := range uint64(50) {
				if n, ok, err := lt.ledger.Solved(fmt.Sprint("block", i)); err != nil || ok != (i >= first) || ok && n != i {
					t.Errorf("%s: block %d was made by %d, %v, %v; the first share is %d", name, i, n, ok, err, first)
				}
			}
		}
		lt.ledger.Keep(0)
		lt.prune()
		expect(0)
		if name == "rows" {
			continue // It takes no shares.
		}
		lt.ledger.Keep(20)
		lt.prune()
		expect(20)
		lt.ledger.Keep(1000)
		lt.prune()
		expect(map[string]uint64{"shares": 49, "days": 46}[name])
	}
}

// TestAShareOfNoOwnerIsDamage: it must not be taken for the operator's.
func TestAShareOfNoOwnerIsDamage(t *testing.T) {
	lt := newLedgerTest(t, 24)
	lt.owned("a.0", "bm1q")
	lt.flush()
	err := lt.ledger.file.Update(func(tx *bolt.Tx) error { return tx.Bucket(ownersBucket).Delete(pack(uint32(1))) })
	if err != nil {
		t.Fatal(err)
	}
	if err := lt.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	id := lt.ledger.ID()
	lt.open()
	if lt.log.Len() == 0 || lt.ledger.ID() == id || len(lt.byOwner()) != 0 {
		t.Errorf("it was opened as if nothing were wrong: %v, %s", lt.byOwner(), lt.log)
	}
}

// TestVisitsLetSharesIn: who visits the log keeps nobody from counting.
func TestVisitsLetSharesIn(t *testing.T) {
	lt := newLedgerTest(t, 25)
	for range 10 {
		lt.owned("a.0", "bm1q")
	}
	lt.flush()
	lt.owned("a.0", "bm1q")
	done := make(chan struct{})
	for _, visit := range []func(uint64, func(Share) bool) error{lt.ledger.SharesFrom, lt.ledger.SharesBefore} {
		n := 0
		err := visit(5, func(Share) bool {
			n++
			go func() {
				lt.ledger.Add(Entry{At: time.Now(), Rig: "b.0", Owner: "bm1qb", Effective: 1, Network: 10})
				done <- struct{}{}
			}()
			<-done
			return true
		})
		if err != nil || n != 6 {
			t.Errorf("%d shares, %v", n, err)
		}
	}
}
