package fleet

import "errors"

// Engine carries messages between a node and its fronts. Of what it carries it keeps nothing: what
// nobody has subscribed to, or what comes while it is away, is lost, and sent again by who needs
// it to come. It is safe for concurrent use.
type Engine interface {
	// Publish sends a message to the subscribers of a subject. It waits for none of them. Where
	// the engine can't be reached the error is ErrAway, at once, and nothing is sent later: what
	// is old by the time the engine is back must not come then. nil means that the message is on
	// its way, not that it came. data must not be changed afterwards.
	Publish(subject string, data []byte) error
	// Subscribe has got called with the messages of a subject, one at a time and in order. It may
	// be called while the engine is away, and holds when that is back. A subscriber that lags far
	// behind misses messages. got must not change data. After cancel got is not called again; a
	// call that is under way goes on, so got itself may call cancel.
	Subscribe(subject string, got func(data []byte)) (cancel func(), err error)
	// State tells whether the engine is reached, and in words why not.
	State() (connected bool, detail string)
	// Close ends all subscriptions. What was published before is sent, where that takes no more
	// than a moment.
	Close() error
}

// MostMessage is the length of the longest message, in bytes. Engines may allow less.
const MostMessage = 8 << 20

// Why a message is not sent.
var (
	// ErrAway means that the engine can't be reached now.
	ErrAway = errors.New("the engine can't be reached")
	// ErrTooLong means that it is of no use to send this again.
	ErrTooLong = errors.New("message too long")
)
