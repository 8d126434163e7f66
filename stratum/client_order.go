package stratum

import (
	"fmt"
	"log/slog"
	"math/bits"
	"sync"
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
// does, it is the dialect's, until the server refuses a nonce as out of range.
type orderReader struct {
	log *slog.Logger

	mu    sync.Mutex
	order NonceOrder // NonceAuto while nothing is known
	fixed bool       // the operator has said it, or a job has shown it
	mixed bool       // a nonce differed between the orders
}

// startZeros is how many zero bits a start nonce ends with at least: with less a
// random number could pass for one.
const startZeros = 24

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
	if !r.fixed {
		asLittle, asBig := bits.TrailingZeros64(little), bits.TrailingZeros64(big)
		switch {
		case asLittle >= startZeros && asLittle > asBig:
			r.settle(NonceLittle, "the other way around it would be no start")
		case asBig >= startZeros && asBig > asLittle:
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
		r.log.Warn("the start nonce has bit 63, which no header can carry; it is left out", "nonce", FormatNonce(nonce))
	}
	return nonce &^ (1 << 63)
}

// settle decides. The caller holds mu.
func (r *orderReader) settle(order NonceOrder, why string) {
	r.order, r.fixed = order, true
	r.log.Info("start nonces are read", "order", order.String()+"-endian", "because", why)
}

// doubt takes notice of a nonce refused as out of range.
func (r *orderReader) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.mixed || r.fixed {
		return
	}
	r.settle(NonceBig, "the server refused a nonce")
}
