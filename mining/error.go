package mining

import (
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
)

// ErrorKind is the kind of a failure, for errors.Is. Its text is the reason that
// BIP 22 clients are answered with, where one exists.
type ErrorKind string

// Error satisfies error.
func (k ErrorKind) Error() string { return string(k) }

// Why there is no work to hand out.
const (
	// ErrNoPayee means that nobody is named whom the coinbase should pay.
	ErrNoPayee = ErrorKind("no mining address")
	// ErrNoAccount means, beside ErrNoPayee, that the wallet has none whose address could
	// be paid. Its text is the stock node's.
	ErrNoAccount = ErrorKind("Failed to find account")
	// ErrNotReady means that the node should not mine yet: it is behind its
	// peers, or has none.
	ErrNotReady = ErrorKind("not ready to mine")
	// ErrNoTemplate means that the first template is not built yet.
	ErrNoTemplate = ErrorKind("no block template yet")
	// ErrNoValidTemplate means that not even a block without transactions would pass
	// the chain's rules.
	ErrNoValidTemplate = ErrorKind("no valid block template")
	// ErrPayeeMismatch means that a coinbase, decoded from its bytes, does not pay whom it
	// should. No job is cut from it.
	ErrPayeeMismatch = ErrorKind("the coinbase does not pay the mining address")
	// ErrTipMoved means that the chain's tip changed during the call.
	ErrTipMoved = ErrorKind("the tip moved")
	// ErrStopped means that the node is shutting down.
	ErrStopped = ErrorKind("the node is stopping")
)

// Why a solution or a block was refused.
const (
	// ErrMalformed means that a block lacks a part that every block has.
	ErrMalformed = ErrorKind("malformed block")
	// ErrNonceRange means a nonce of 2^63 or more: it can be hashed but not
	// serialised.
	ErrNonceRange = ErrorKind("bad-nonce-range")
	// ErrHighHash means that the proof of work misses the target.
	ErrHighHash = ErrorKind("high-hash")
	// ErrTimeTooOld means a timestamp not above the median of the last 11 blocks.
	ErrTimeTooOld = ErrorKind("time-too-old")
	// ErrTimeTooNew means a timestamp over an hour ahead of the clock.
	ErrTimeTooNew = ErrorKind("time-too-new")
	// ErrBadVersion means a version other than 1.
	ErrBadVersion = ErrorKind("bad-version")
	// ErrBadHeight means a height other than the parent's plus one.
	ErrBadHeight = ErrorKind("bad-height")
	// ErrBadBits means bits that differ from what the parent calls for.
	ErrBadBits = ErrorKind("bad-diffbits")
	// ErrBadParent means a previous block other than the tip, where the tip is asked
	// for.
	ErrBadParent = ErrorKind("bad-prevblk")
	// ErrTxRoot means a transactions merkle root other than that of the block's
	// transactions.
	ErrTxRoot = ErrorKind("bad-txnmrklroot")
	// ErrStatusRoot means a transaction status hash other than that of the block's
	// transactions.
	ErrStatusRoot = ErrorKind("bad-txstatusroot")
	// ErrCoinbaseMissing means that the first transaction is no coinbase.
	ErrCoinbaseMissing = ErrorKind("bad-cb-missing")
	// ErrCoinbaseMultiple means a second coinbase.
	ErrCoinbaseMultiple = ErrorKind("bad-cb-multiple")
	// ErrCoinbaseAmount means a coinbase that does not pay subsidy and fees exactly,
	// by one output.
	ErrCoinbaseAmount = ErrorKind("bad-cb-amount")
	// ErrCoinbaseLength means arbitrary data of over 128 bytes in the coinbase.
	ErrCoinbaseLength = ErrorKind("bad-cb-length")
	// ErrBlockGas means over 10,000,000 gas in all.
	ErrBlockGas = ErrorKind("bad-blk-gas")
	// ErrBadTx means a transaction that is not valid; see TxError.
	ErrBadTx = ErrorKind("bad-txns-invalid")
	// ErrBadInput means a transaction whose input does not exist, is spent, or is a
	// coinbase that is not mature; see TxError.
	ErrBadInput = ErrorKind("bad-txns-inputs-missingorspent")
	// ErrStaleWork means work for a former tip.
	ErrStaleWork = ErrorKind("stale-work")
	// ErrUnknownWork means a header that this node never handed out.
	ErrUnknownWork = ErrorKind("unknown-work")
	// ErrChainFailed means that nothing is wrong with the block, and yet this node's
	// chain could not take it: its disk may be full.
	ErrChainFailed = ErrorKind("chain-failed")
	// ErrRejected means that the chain refused the block for a reason of its own.
	ErrRejected = ErrorKind("rejected")
)

// TxError is the fault of one of a block's transactions.
type TxError struct {
	// Index is its place in the block; 0 is the coinbase.
	Index int
	// ID is the transaction's.
	ID bc.Hash
	// Err is of one of this package's kinds.
	Err error
}

// Error satisfies error.
func (e *TxError) Error() string {
	return fmt.Sprintf("transaction %d (%s): %v", e.Index, e.ID.String(), e.Err)
}

// Unwrap returns Err.
func (e *TxError) Unwrap() error { return e.Err }
