package payout

import (
	"context"
	"errors"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// ErrNoBlock is the kind of error of a block that the chain does not have.
var ErrNoBlock = errors.New("the node has no such block")

// Chain is what payouts ask of the block chain. All methods are safe for concurrent use.
type Chain interface {
	// Best is the main chain's newest block.
	Best() (height uint64, hash bc.Hash)
	// MainHash is the main chain's block of a height; false above its newest.
	MainHash(height uint64) (bc.Hash, bool)
	// Block is a block, on the main chain or not. Where the chain does not have it, or not any more, the error is of
	// kind ErrNoBlock.
	Block(hash bc.Hash) (*types.Block, error)
	// Unspent says whether an output exists on the main chain of now and is not spent there.
	// What waits in the transaction pool does not count.
	Unspent(output bc.Hash) (bool, error)
	// Submit hands a transaction to the node's pool and its peers. An error means that it is
	// not known whether it went out.
	Submit(tx *types.Tx) error
}

// Signer signs a batch's transaction by the keys of its inputs' programs.
type Signer interface {
	Sign(ctx context.Context, batch Batch) (signed *types.Tx, err error)
}

// Share is an accepted share, as its settlement needs it.
type Share struct {
	// Sequence numbers the shares of one ledger, in their order.
	Sequence uint64
	At       time.Time
	// Owner is the payee's address; "" is the operator.
	Owner string
	// Work is in 2⁻⁶⁴ blocks that the share was expected to be.
	Work uint64
	// Policy is the id of the policy in force when the share came; 0: none.
	Policy uint32
}

// Shares is the rigs' log of shares. All methods are safe for concurrent use, and none makes
// a rig wait.
type Shares interface {
	// ID is the identity of the log: another one where it was set aside and begun anew.
	ID() string
	// Flush writes what is in memory. Shares that it did not write may have their sequence
	// numbers given again after a kill.
	Flush() error
	// Solved is the share that made a block.
	Solved(block string) (sequence uint64, ok bool, err error)
	// SharesBefore visits the shares up to a sequence, it included, the latest first, until
	// visit returns false; SharesFrom those from a sequence on, the oldest first.
	SharesBefore(sequence uint64, visit func(Share) bool) error
	SharesFrom(sequence uint64, visit func(Share) bool) error
	// Keep has the shares from a sequence on never deleted.
	Keep(from uint64)
}

// Candidate is a block that a rig found, by the node's journal.
type Candidate struct {
	Hash   bc.Hash
	Height uint64
	// At is when its solution came in.
	At time.Time
	// Finder is the rig, for people. Owner and Work are those of its share; with neither, payouts
	// were off when it came.
	Finder string
	Owner  string
	Work   uint64
	// Patience is how long its share may take to be in the log; 0 where that is a moment.
	Patience time.Duration
	// Elsewhere means that this node's ledger has booked no share of who found it, and so that another's does: if
	// that is so for a day, the other's books split it.
	Elsewhere bool
}
