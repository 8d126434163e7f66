package boltcheck

import "sync/atomic"

// Guard stands between a program and a file that bbolt has open. It is safe for concurrent
// use; the zero value is ready.
type Guard struct {
	// Dead is set by damage: bbolt may then hold locks that nobody gives back.
	Dead atomic.Bool
}

// Do makes an error of kind ErrDamaged of a panic, and of an access outside of the file: bbolt
// has them where a page is not what it should be, as it may be by what happened after the
// check. From then on nothing is done any more.
func (g *Guard) Do(do func() error) error {
	if g.Dead.Load() {
		return ErrDamaged
	}
	returned := false
	err := guarded(func() error {
		err := do()
		returned = true
		return err
	})
	if !returned {
		g.Dead.Store(true)
	}
	return err
}
