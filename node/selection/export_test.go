package selection

import (
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
)

// The tests with a chain stand outside of the package. This is what they set and read of
// a Selector.

func (s *Selector) SetMaxGas(gas uint64)        { s.limit.gas = gas }
func (s *Selector) SetMinFeeRate(rate float64)  { s.limit.feeRate = rate }
func (s *Selector) SetOverrides(all *Overrides) { s.overrides = all }
func (s *Selector) MaxGas() uint64              { return s.limit.gas }
func (s *Selector) MaxBytes() uint64            { return s.limit.bytes }

// Of is a transaction's override.
func (o *Overrides) Of(id bc.Hash) Override { return o.of(id) }

// CompareOutputs looks outputs up at the tip, and is an error if what is carried over from
// the last look differs from what the database says. carried is how many were.
func (s *Selector) CompareOutputs(asked []bc.Hash) (carried int, err error) {
	all := &bc.Tx{SpentOutputIDs: asked}
	tip := s.chain.GetBlockIndex().BestNode()
	moved := s.lastOutputs.Load().at(tip, s.chain)
	found, err := moved.lookUp([]*bc.Tx{all}, s.chain)
	if err != nil {
		return 0, err
	}
	fresh, err := (*outputs)(nil).at(tip, s.chain).lookUp([]*bc.Tx{all}, s.chain)
	if err != nil {
		return 0, err
	}
	for _, id := range asked {
		a, b := found.entries[id], fresh.entries[id]
		if (a == nil) != (b == nil) || a != nil && *a != *b {
			return 0, fmt.Errorf("height %d: output %s is carried over as %v, the database says %v", tip.Height, id.String(), a, b)
		}
		if _, known := moved.get(id); known {
			carried++
		}
	}
	s.lastOutputs.Store(found)
	return carried, nil
}
