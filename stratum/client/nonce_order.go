package client

import (
	"fmt"
	"log/slog"
	"math/bits"
	"sync"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// NonceOrder is the order of the bytes in a job's start nonce.
type NonceOrder int

// The orders.
const (
	// NonceAuto finds it out from the jobs, and from what the server refuses.
	NonceAuto NonceOrder = iota
	// NonceLittle is the dialect's: the lowest byte first.
	NonceLittle
	// NonceBig is a plain number.
	NonceBig
)

var orderNames = []string{"auto", "little", "big"}

// String names the order as ParseNonceOrder reads it.
func (o NonceOrder) String() string { return orderNames[o] }

// ParseNonceOrder reads auto, little or big.
func ParseNonceOrder(text string) (NonceOrder, error) {
	for o, name := range orderNames {
		if text == name {
			return NonceOrder(o), nil
		}
	}
	return 0, fmt.Errorf("nonce order %q: expected auto, little or big", text)
}

// orderReader reads start nonces. A wrong order takes the rig into another's prefix.
//
// Palindromic nonces read the same in both orders. With others, the right order is
// that in which the nonce looks like a start: a prefix and then zeros. Where neither
// does, it is the dialect's. In any case it is the other one after the server has
// refused several nonces in a row as out of range.
type orderReader struct {
	log  *slog.Logger
	said bool // by the operator

	mu      sync.Mutex
	order   NonceOrder // NonceAuto while no job has shown it
	mixed   bool       // a nonce differed between the orders
	refused int        // nonces in a row
}

const (
	// startZeros is how many zero bits a start nonce ends with at least: with less a
	// random number could pass for one.
	startZeros = 24
	// refusedMost is how many nonces are refused before the order is taken for wrong.
	refusedMost = 3
)

// read gives a nonce that was read little-endian in the right order, with bit 63
// clear.
func (r *orderReader) read(little uint64) uint64 {
	big := bits.ReverseBytes64(little)
	if little == big {
		return little &^ (1 << 63)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !r.mixed
	r.mixed = true
	if r.order == NonceAuto {
		switch {
		case looksLikeStart(little, big):
			r.settle(NonceLittle, "the other way around it would be no start")
		case looksLikeStart(big, little):
			r.settle(NonceBig, "the other way around it would be no start")
		case first:
			r.log.Info("start nonces do not show their order; taken as little-endian, --nonce-order says otherwise")
		}
	}
	nonce := little
	if r.order == NonceBig {
		nonce = big
	}
	if first && nonce>>63 == 1 {
		r.log.Warn("the start nonce has bit 63, which no header can carry; it is left out", "nonce", wire.FormatNonce(nonce))
	}
	return nonce &^ (1 << 63)
}

// looksLikeStart reports whether a nonce is a prefix and then zeros, rather than the same
// bytes in the other order.
func looksLikeStart(nonce, other uint64) bool {
	zeros := bits.TrailingZeros64(nonce)
	return zeros >= startZeros && zeros > bits.TrailingZeros64(other) && nonce>>63 == 0
}

// settle decides. The caller holds mu.
func (r *orderReader) settle(order NonceOrder, why string) {
	r.order, r.refused = order, 0
	r.log.Info("start nonces are read", "order", order.String()+"-endian", "because", why)
}

// judged counts a reply to a share: refused as out of range, or anything else.
func (r *orderReader) judged(outOfRange bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !outOfRange || !r.mixed || r.said {
		r.refused = 0
		return
	}
	if r.refused++; r.refused < refusedMost {
		return
	}
	other := NonceBig
	if r.order == NonceBig {
		other = NonceLittle
	}
	r.settle(other, fmt.Sprintf("the server refused %d nonces in a row", refusedMost))
}
