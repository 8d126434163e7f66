package fleet

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Version is that of the messages. A change that another version would misread raises it.
const Version = 2

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
	KindSolved                  // Solved, of a front
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
	case KindSolved:
		return new(Solved)
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

// arrayOf is the first byte of a CBOR array of fewer than 24 items; an envelope has this many.
const (
	arrayOf        = 0x80
	envelopeFields = 6
)

// Message is one that was opened.
type Message struct {
	Kind Kind
	From PublicKey
	// Body is a pointer to the kind's type.
	Body any
}

// domain keeps signatures of these messages from passing for any other's.
const domain = "bytom-solo fleet"

// digest is what a signature is of, as Ed25519ph of RFC 8032 takes it, with domain as its context:
// a long body is hashed once and never copied. The lengths keep one field from passing for the
// next.
func (e *envelope) digest() []byte {
	head := binary.AppendUvarint(nil, e.Version)
	head = binary.AppendUvarint(head, uint64(len(e.Network)))
	head = append(head, e.Network...)
	head = append(head, byte(e.Kind))
	head = append(head, e.From...)
	h := sha512.New()
	h.Write(head)
	h.Write(e.Body)
	return h.Sum(nil)
}

func (k Key) sign(e *envelope) []byte {
	signature, err := k.private.Sign(nil, e.digest(), &ed25519.Options{Hash: crypto.SHA512, Context: domain})
	if err != nil {
		panic(err) // A digest of another length, or a longer context, is refused, and these are constants.
	}
	return signature
}

func (e *envelope) isSigned() bool {
	options := &ed25519.Options{Hash: crypto.SHA512, Context: domain}
	return ed25519.VerifyWithOptions(e.From, e.digest(), e.Signature, options) == nil
}

// decoding bounds what a stranger can have decoded; a message's own size bounds the rest. Names
// of rigs may be anything, so text need not be UTF-8.
var decoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 16, MaxNestedLevels: 8,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8DecodeInvalid,
	}.DecMode()
	if err != nil {
		panic(err) // The options are constants.
	}
	return mode
}()

// Seal encodes and signs a message of a network. The error is ErrTooLong where it is longer than
// MostMessage.
func (k Key) Seal(network string, kind Kind, body any) ([]byte, error) {
	raw, err := cbor.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode a message of kind %d: %w", kind, err)
	}
	from := k.Public()
	e := envelope{Version: Version, Network: network, Kind: kind, From: from[:], Body: raw}
	e.Signature = k.sign(&e)
	sealed, err := cbor.Marshal(&e)
	if err == nil && len(sealed) > MostMessage {
		return nil, fmt.Errorf("%w: kind %d of %d bytes, expected at most %d", ErrTooLong, kind, len(sealed), MostMessage)
	}
	return sealed, err
}

// fields reads the items of an envelope one by one, so that what the first of them has refused
// costs no more.
type fields struct {
	rest []byte
	err  error
}

func (f *fields) next(name string, v any) {
	if f.err != nil {
		return
	}
	if f.rest, f.err = decoding.UnmarshalFirst(f.rest, v); f.err != nil {
		f.err = fmt.Errorf("%w: %s: %w", ErrMalformed, name, f.err)
	}
}

// open reads an envelope whose sender is known. It does not look at the signature. From is set
// where the error is ErrUnknownSender.
func (e *envelope) open(data []byte, network string, known func(PublicKey) bool) error {
	if len(data) > MostMessage {
		return fmt.Errorf("%w: %d bytes, expected at most %d", ErrMalformed, len(data), MostMessage)
	}
	if len(data) == 0 || data[0] < arrayOf || data[0] >= arrayOf+24 {
		return fmt.Errorf("%w: %d bytes that are no envelope", ErrMalformed, len(data))
	}
	f := fields{rest: data[1:]}
	if f.next("version", &e.Version); f.err == nil && e.Version != Version {
		return fmt.Errorf("%w: %d, expected %d: run the same version on nodes and fronts", ErrVersion, e.Version, Version)
	}
	if n := int(data[0] - arrayOf); f.err == nil && n != envelopeFields {
		return fmt.Errorf("%w: envelope of %d fields, expected %d", ErrMalformed, n, envelopeFields)
	}
	if f.next("network", &e.Network); f.err == nil && e.Network != network {
		return fmt.Errorf("%w: %.32q, expected %q", ErrNetwork, e.Network, network)
	}
	f.next("kind", &e.Kind)
	if f.next("sender", &e.From); f.err == nil && len(e.From) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: key of %d bytes, expected %d", ErrMalformed, len(e.From), ed25519.PublicKeySize)
	}
	if f.err == nil && !known(PublicKey(e.From)) {
		return fmt.Errorf("%w: key %s", ErrUnknownSender, PublicKey(e.From))
	}
	f.next("body", &e.Body)
	if f.next("signature", &e.Signature); f.err == nil && len(e.Signature) != ed25519.SignatureSize {
		return fmt.Errorf("%w: signature of %d bytes, expected %d", ErrMalformed, len(e.Signature), ed25519.SignatureSize)
	}
	if f.err == nil && len(f.rest) != 0 {
		return fmt.Errorf("%w: %d bytes behind the envelope", ErrMalformed, len(f.rest))
	}
	return f.err
}

// Open decodes a message, and refuses what is of another version or network, of a sender that
// known does not know, or not signed by it. The error is one of those above; with
// ErrUnknownSender the Message says who that claims to be. What costs least is looked at first:
// of a stranger's message nothing is copied but its network and key.
func Open(data []byte, network string, known func(PublicKey) bool) (Message, error) {
	var e envelope
	err := e.open(data, network, known)
	switch {
	case errors.Is(err, ErrUnknownSender):
		return Message{Kind: e.Kind, From: PublicKey(e.From)}, err
	case err != nil:
		return Message{}, err
	}
	m := Message{Kind: e.Kind, From: PublicKey(e.From), Body: newBody(e.Kind)}
	if !e.isSigned() {
		return Message{}, fmt.Errorf("%w: it says that it is of key %s", ErrSignature, m.From)
	}
	if m.Body == nil {
		return Message{}, fmt.Errorf("%w: kind %d, expected %d to %d", ErrMalformed, e.Kind, KindWork, KindSolved)
	}
	if err := decoding.Unmarshal(e.Body, m.Body); err != nil {
		return Message{}, fmt.Errorf("%w of kind %d: %w", ErrMalformed, e.Kind, err)
	}
	return m, nil
}
