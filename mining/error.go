package mining

// ErrorKind is the kind of a failure, for errors.Is. Its text is the reason that
// BIP 22 clients are answered with, where one exists.
type ErrorKind string

// Error satisfies error.
func (k ErrorKind) Error() string { return string(k) }

// Why there is no work to hand out.
const (
	// ErrNoPayee means that nobody is named whom the coinbase should pay.
	ErrNoPayee = ErrorKind("no mining address")
	// ErrNotReady means that the node should not mine yet: it is behind its
	// peers, or has none.
	ErrNotReady = ErrorKind("not ready to mine")
	// ErrNoTemplate means that the first template is not built yet.
	ErrNoTemplate = ErrorKind("no block template yet")
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
	// ErrStaleWork means work for a former tip.
	ErrStaleWork = ErrorKind("stale-work")
	// ErrUnknownWork means a header that this node never handed out.
	ErrUnknownWork = ErrorKind("unknown-work")
	// ErrRejected means that the chain refused the block for a reason of its own.
	ErrRejected = ErrorKind("rejected")
)
