package ledger

import (
	"encoding/binary"
	"fmt"
	"maps"

	bolt "go.etcd.io/bbolt"
)

// owners are those whom shares belong to, by an id that is never given to another. Unlike a
// rig, an owner is never counted among others, and stays as long as a share of the log
// names it. The operator, whose name is empty, has the id 0 and needs no entry.
type owners struct {
	ids     map[string]uint32
	names   map[uint32]string
	next    uint32
	changes ownerChanges
}

// ownerChanges are what is not on the disk.
type ownerChanges struct {
	added map[uint32]string
	gone  []uint32
	next  uint32
}

const operator = 0

func newOwners() owners {
	return owners{
		ids: map[string]uint32{"": operator}, names: map[uint32]string{operator: ""}, next: operator + 1,
		changes: ownerChanges{added: make(map[uint32]string)},
	}
}

// id is an owner's, who is added if unknown.
func (o *owners) id(name string) uint32 {
	id, ok := o.ids[name]
	if !ok {
		id = o.next
		o.next++
		o.ids[name], o.names[id], o.changes.added[id] = id, name, name
	}
	return id
}

func (o *owners) has(id uint32) bool { _, ok := o.names[id]; return ok }

func (o *owners) copyOfNames() map[uint32]string { return maps.Clone(o.names) }

// forgetBut forgets all but those that are named, on the disk or by shares that wait for it.
func (o *owners) forgetBut(named map[uint32]bool, pending []loggedShare) {
	if len(o.names) == 1 {
		return
	}
	waiting := make(map[uint32]bool)
	for _, s := range pending {
		waiting[s.owner] = true
	}
	for id, name := range o.names {
		if id == operator || named[id] || waiting[id] {
			continue
		}
		delete(o.names, id)
		delete(o.ids, name)
		delete(o.changes.added, id)
		o.changes.gone = append(o.changes.gone, id)
	}
}

func (c *ownerChanges) empty() bool { return len(c.added)+len(c.gone) == 0 }

// take returns what is not on the disk, and counts it as written.
func (o *owners) take() ownerChanges {
	c := o.changes
	c.next = o.next
	o.changes = ownerChanges{added: make(map[uint32]string)}
	return c
}

// putBack is take's reverse. No id is in both: none is given twice.
func (o *owners) putBack(c ownerChanges) {
	maps.Copy(o.changes.added, c.added)
	o.changes.gone = append(c.gone, o.changes.gone...)
}

func (c *ownerChanges) write(tx *bolt.Tx) error {
	if c.empty() {
		return nil
	}
	b := tx.Bucket(ownersBucket)
	for id, name := range c.added {
		if err := b.Put(pack(id), []byte(name)); err != nil {
			return fmt.Errorf("owner %q: %w", name, err)
		}
	}
	for _, id := range c.gone {
		if err := b.Delete(pack(id)); err != nil {
			return err
		}
	}
	return tx.Bucket(metaBucket).Put(nextOwnerKey, pack(c.next))
}

// loadOwners reads the owners, and the identity of the file.
func (l *Ledger) loadOwners(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if l.id = string(meta.Get(idKey)); l.id == "" {
		return fmt.Errorf("it has no id")
	}
	if raw := meta.Get(nextOwnerKey); raw != nil {
		if err := unpack(raw, &l.owners.next); err != nil {
			return err
		}
	}
	return tx.Bucket(ownersBucket).ForEach(func(key, name []byte) error {
		if len(key) != 4 || len(name) == 0 {
			return fmt.Errorf("an owner's key of %d bytes, a name of %d", len(key), len(name))
		}
		id := binary.BigEndian.Uint32(key)
		if _, twice := l.owners.ids[string(name)]; twice || id == operator || id >= l.owners.next {
			return fmt.Errorf("owner %q has the id %d, the next one is %d", name, id, l.owners.next)
		}
		l.owners.ids[string(name)], l.owners.names[id] = id, string(name)
		return nil
	})
}

// errNoOwner is of a share whose owner is not in the table: it must not be taken for
// another's.
func errNoOwner(s loggedShare) error {
	return fmt.Errorf("share %d belongs to owner %d, who is not in the table of owners", s.sequence, s.owner)
}

// ownersOf are the ids of the owners that the log names.
func ownersOf(b *bolt.Bucket) (map[uint32]bool, error) {
	ids := make(map[uint32]bool)
	latest := uint32(operator)
	err := b.ForEach(func(key, raw []byte) error {
		r, err := runOf(key, raw, loggedSize)
		for i := range r.len() {
			if id := r.ownerAt(i); id != latest {
				ids[id], latest = true, id
			}
		}
		return err
	})
	return ids, err
}
