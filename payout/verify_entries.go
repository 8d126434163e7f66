package payout

import (
	"errors"
	"slices"

	"github.com/bytom/bytom/protocol/bc"
)

// entries holds those of blocks to their manifests, and those of deep batches to these: so an amount is
// booked to whom it was split or paid to, and each block once.
func (v *verifier) entries() error {
	settled := make(map[string]bool)
	err := each(v.tx.Bucket(entriesBucket), func(e Entry) error {
		want, err := v.expected(e)
		if err != nil || want == nil {
			return err
		}
		if e.Kind == KindSettled && settled[e.Ref] {
			v.report.wrong("entry %d: block %s is settled once more", e.N, e.Ref)
		}
		settled[e.Ref] = settled[e.Ref] || e.Kind == KindSettled
		if postings := want.postings(); !slices.Equal(e.Postings, postings) {
			v.report.wrong("entry %d, %s %s, has %v, expected %v", e.N, e.Kind, e.Ref, e.Postings, postings)
		}
		return nil
	})
	if err == nil {
		for block := range v.blocks {
			if !settled[block] {
				v.report.wrong("block %s is split, and no entry has what it pays", block)
			}
		}
	}
	return err
}

// expected is what an entry of a block or a deep batch changes; nil of another.
func (v *verifier) expected(e Entry) (changes, error) {
	var id bc.Hash
	switch e.Kind {
	case KindSettled, KindBack, KindPaid, KindUnpaid:
		if err := id.UnmarshalText([]byte(e.Ref)); err != nil {
			v.report.wrong("entry %d, %s, is of %q, expected a hash", e.N, e.Kind, e.Ref)
			return nil, nil
		}
	}
	switch e.Kind {
	case KindSettled, KindBack:
		m, err := readManifest(v.tx, id)
		if err == nil && m == nil {
			v.report.wrong("entry %d: block %s has no manifest", e.N, e.Ref)
		}
		if err != nil || m == nil {
			return nil, err
		}
		return m.credited(), nil
	case KindPaid, KindUnpaid:
		batch, there, err := v.batch(id)
		if err != nil || !there {
			return nil, err
		}
		if e.Kind == KindUnpaid {
			return batch.paying().negated(), nil
		}
		return batch.paying(), nil
	}
	return nil, nil
}

// batch is a batch that something in the books refers to.
func (v *verifier) batch(id bc.Hash) (batch Batch, there bool, err error) {
	batch, err = readBatch(v.tx, id)
	if errors.Is(err, ErrNoBatch) {
		v.report.wrong("batch %s is gone, and the books refer to it", id.String())
		return batch, false, nil
	}
	return batch, err == nil, err
}
