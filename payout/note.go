package payout

import (
	"encoding/json"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Note is something that the operator should know of the books.
type Note struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

func (w *writer) note(text string) error {
	notes := w.tx.Bucket(notesBucket)
	return putJSON(notes, number(next(notes)), Note{w.now, text})
}

// Notes are all there were, the oldest first.
func (b *Books) Notes() (all []Note, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		return each(tx.Bucket(notesBucket), func(n Note) error { all = append(all, n); return nil })
	})
	return all, err
}

// Stop has Stage refuse until Resume, and says why. What is in transit goes on.
func (b *Books) Stop(why string) error {
	return b.update("stop", func(w *writer) error { return w.stop(why) })
}

func (w *writer) stop(why string) error {
	if err := w.note("payouts are stopped: " + why); err != nil {
		return err
	}
	return putJSON(w.tx.Bucket(metaBucket), stoppedKey, why)
}

// stopOnce is stop, unless payouts are stopped already.
func (w *writer) stopOnce(why string) error {
	if now, err := stopped(w.tx); err != nil || now != "" {
		return err
	}
	return w.stop(why)
}

// Resume has batches staged again.
func (b *Books) Resume() error {
	return b.update("resume", func(w *writer) error {
		if why, err := stopped(w.tx); err != nil || why == "" {
			return err
		}
		if err := w.note("payouts are resumed"); err != nil {
			return err
		}
		return w.tx.Bucket(metaBucket).Delete(stoppedKey)
	})
}

// Stopped is why no batch is staged; empty if they are.
func (b *Books) Stopped() (why string, err error) {
	err = b.view(func(tx *bolt.Tx) error { why, err = stopped(tx); return err })
	return why, err
}

func stopped(tx *bolt.Tx) (why string, err error) {
	raw := tx.Bucket(metaBucket).Get(stoppedKey)
	if raw == nil {
		return "", nil
	}
	return why, json.Unmarshal(raw, &why)
}
