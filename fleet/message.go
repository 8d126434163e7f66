package fleet

// Subject is what the subjects of a node begin with. A node publishes to its ".work" and ".beat",
// and to ".to." and a front's key; fronts publish to its ".from".
func Subject(node PublicKey) string { return "bytom-solo." + node.String() }

// LedgerState says which ledger fronts' shares are booked in, and by whom.
type LedgerState struct {
	_ struct{} `cbor:",toarray"`
	// ID is the ledger's, Term that of its opening for fronts: see ledger.RaiseTerm. Of two
	// writers of a ledger, or of its copies, the one of the later term is right. Instance is drawn
	// at each start.
	ID             string
	Term, Instance uint64
}

// Before reports whether another writer takes the place of this one.
func (s LedgerState) Before(o LedgerState) bool {
	return s.Term < o.Term || s.Term == o.Term && s.Instance < o.Instance
}

// Body is a part of the transactions of a Work that follows.
type Body struct {
	_        struct{} `cbor:",toarray"`
	Boot     int64
	Sequence uint64
	// Part is this one's number, from 0, of so many.
	Part, Of int
	Txs      [][]byte
}

// Beat is a node's sign of life.
type Beat struct {
	_ struct{} `cbor:",toarray"`
	// Boot and Sequence are those of its newest Work; At is as there.
	Boot     int64
	Sequence uint64
	At       int64
	Ledger   LedgerState
}

// Hello asks a node to let a front in, or for what it lacks.
type Hello struct {
	_ struct{} `cbor:",toarray"`
	// Name is the front's own for itself, Epoch that of its outbox.
	Name  string
	Epoch uint64
	// Need is how many ranges of extranonces it is to have in all, in this epoch.
	Need int
	// At is when it was sent, in Unix milliseconds: of what is not later than the front's latest the node
	// does not say that it has heard of it.
	At int64
}

// Welcome answers a Hello.
type Welcome struct {
	_ struct{} `cbor:",toarray"`
	// Epoch is the Hello's, Booked the highest batch of it that is booked.
	Epoch, Booked uint64
	Ranges        []uint16
	// Work is the newest one, sealed; empty where there was none yet.
	Work   []byte
	Ledger LedgerState
}

// Refused says why a front is not let in.
type Refused struct {
	_   struct{} `cbor:",toarray"`
	Why string
}

// Ack says which batches are booked, and on the disk.
type Ack struct {
	_ struct{} `cbor:",toarray"`
	// Number is the highest of the epoch, 0 if none: it is gone on from the next.
	Epoch, Number uint64
	Ledger        LedgerState
}

// Block is a block that a front's rig found.
type Block struct {
	_ struct{} `cbor:",toarray"`
	// Name, Address, Owner and Work are as in mining.Finder.
	Name, Address, Owner string
	Work                 uint64
	// Raw is the block in binary, At when it was sent, in Unix milliseconds.
	Raw []byte
	At  int64
}

// Solved says that a block is about to come, which its front writes down at first: the node can compute
// its proof of work meanwhile. Nobody can make the block of it.
type Solved struct {
	_ struct{} `cbor:",toarray"`
	// Header is the hash of the block's header, which is its id, and Seed that of its height.
	Header, Seed [32]byte
}

// Verdict is what a node says of a block.
type Verdict struct {
	_    struct{} `cbor:",toarray"`
	Hash [32]byte
	// Outcome is a mining.Outcome, Main whether the block is on the best chain, Winner the block of
	// its height there, and Best the height of that chain.
	Outcome int
	Main    bool
	Winner  [32]byte
	Best    uint64
	// Error is the mining.ErrorKind of a refusal, empty without one, Detail its words.
	Error, Detail string
}
