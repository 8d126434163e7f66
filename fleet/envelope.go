package fleet

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Version is that of the messages. A change that another version would misread raises it.
const Version = 1

// Kind is what a message is.
type Kind uint8

// The kinds of messages, each with the type of its body.
const (
	KindWork    Kind = iota + 1 // Work, of a node
	KindBody                    // Body, of a node
	KindBeat                    // Beat, of a node
	KindHello                   // Hello, of a front
	KindWelcome                 // Welcome, of a node
	KindRefused                 // Refused, of a node
	KindBatch                   // Batch, of a front
	KindAck                     // Ack, of a node
	KindBlock                   // Block, of a front
	KindVerdict                 // Verdict, of a node
)

// newBody is an empty body of a kind; nil of none.
func newBody(k Kind) any {
	switch k {
	case KindWork:
		return new(Work)
	case KindBody:
		return new(Body)
	case KindBeat:
		return new(Beat)
	case KindHello:
		return new(Hello)
	case KindWelcome:
		return new(Welcome)
	case KindRefused:
		return new(Refused)
	case KindBatch:
		return new(Batch)
	case KindAck:
		return new(Ack)
	case KindBlock:
		return new(Block)
	case KindVerdict:
		return new(Verdict)
	}
	return nil
}

// Why a message is refused.
var (
	ErrMalformed     = errors.New("malformed message")
	ErrVersion       = errors.New("message of another version")
	ErrNetwork       = errors.New("message of another network")
	ErrUnknownSender = errors.New("message of an unknown sender")
	ErrSignature     = errors.New("message with a wrong signature")
)

// envelope is what goes over the wire.
type envelope struct {
	_         struct{} `cbor:",toarray"`
	Version   uint64
	Network   string
	Kind      Kind
	From      []byte
	Body      []byte
	Signature []byte
}

// Message is one that was opened.
type Message struct {
	Kind Kind
	From PublicKey
	// Body is a pointer to the kind's type.
	Body any
}

// signed is what a signature is of. The lengths keep one field from passing for the next.
func (e *envelope) signed() []byte {
	out := []byte("bytom-solo fleet\x00")
	out = binary.AppendUvarint(out, e.Version)
	out = binary.AppendUvarint(out, uint64(len(e.Network)))
	out = append(out, e.Network...)
	out = append(out, byte(e.Kind))
	out = append(out, e.From...)
	return append(out, e.Body...)
}

// decoding bounds what a stranger can have decoded. A message's own size bounds the rest.
var decoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 16, MaxNestedLevels: 8,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
	}.DecMode()
	if err != nil {
		panic(err) // The options are constants.
	}
	return mode
}()

// Seal encodes and signs a message of a network.
func (k Key) Seal(network string, kind Kind, body any) ([]byte, error) {
	raw, err := cbor.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode a message of kind %d: %w", kind, err)
	}
	from := k.Public()
	e := envelope{Version: Version, Network: network, Kind: kind, From: from[:], Body: raw}
	e.Signature = ed25519.Sign(k.private, e.signed())
	return cbor.Marshal(&e)
}

// Open decodes a message, and refuses what is of another version or network, of a sender that
// known does not know, or not signed by it. The error is one of those above; with
// ErrUnknownSender the Message says who that claims to be. What costs least is looked at first.
func Open(data []byte, network string, known func(PublicKey) bool) (Message, error) {
	var e envelope
	if err := decoding.Unmarshal(data, &e); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch {
	case e.Version != Version:
		return Message{}, fmt.Errorf("%w: %d, expected %d: run the same version on nodes and fronts", ErrVersion, e.Version, Version)
	case e.Network != network:
		return Message{}, fmt.Errorf("%w: %.32q, expected %q", ErrNetwork, e.Network, network)
	case len(e.From) != ed25519.PublicKeySize || len(e.Signature) != ed25519.SignatureSize:
		return Message{}, fmt.Errorf("%w: key of %d bytes, signature of %d", ErrMalformed, len(e.From), len(e.Signature))
	}
	m := Message{Kind: e.Kind, From: PublicKey(e.From), Body: newBody(e.Kind)}
	if !known(m.From) {
		return m, fmt.Errorf("%w: key %s", ErrUnknownSender, m.From)
	}
	if !ed25519.Verify(e.From, e.signed(), e.Signature) {
		return Message{}, fmt.Errorf("%w: it says that it is of key %s", ErrSignature, m.From)
	}
	if m.Body == nil {
		return Message{}, fmt.Errorf("%w: kind %d, expected %d to %d", ErrMalformed, e.Kind, KindWork, KindVerdict)
	}
	if err := decoding.Unmarshal(e.Body, m.Body); err != nil {
		return Message{}, fmt.Errorf("%w of kind %d: %w", ErrMalformed, e.Kind, err)
	}
	return m, nil
}
