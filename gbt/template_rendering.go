package gbt

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// gap is what an answer with a template has of its caller's own.
type gap int

const (
	gapCurTime gap = iota
	gapMaxTime
	gapTransactions // Everybody's, but large.
	gapExtranonce
	gapCoinbaseID
	gapLease // the bytes of the extranonce that the client does not roll
	gapRoot
	gapWorkID
)

// answerTimes are when an answer is given, in Unix seconds: by the chain's clock, and the
// latest timestamp that would do.
type answerTimes struct{ current, latest uint64 }

// rendering is the JSON of the answer with a template, encoded once for all callers that
// ask for the same, with gaps for what differs from caller to caller. When a new tip wakes
// a thousand of them, the last one waits for the answers to all the others.
type rendering struct {
	texts        [][]byte // one in front of each gap, and the rest
	gaps         []gap
	size         int // of all texts
	transactions []byte
}

// newRendering renders the answer to one piece of work.
func newRendering(w *templateWork, a *wire.Template) (*rendering, error) {
	f := &rendering{transactions: a.Transactions}
	marked, order := withMarkers(w, a)
	rest, err := json.Marshal(marked)
	if err != nil {
		return nil, fmt.Errorf("write a template as JSON: %w", err)
	}
	for _, m := range order {
		text, behind, ok := bytes.Cut(rest, []byte(m.text))
		if !ok {
			return nil, fmt.Errorf("write a template as JSON: no %s in %.200s", m.text, rest)
		}
		f.texts, f.gaps, rest = append(f.texts, text), append(f.gaps, m.gap), behind
	}
	f.texts = append(f.texts, rest)
	for _, text := range f.texts {
		f.size += len(text)
	}
	return f, nil
}

// marker is a text that stands for a gap.
type marker struct {
	text string
	gap  gap
}

// withMarkers puts markers where a caller's own values are, and returns them in their order.
// All other values before the last of them are numbers, hexadecimal, or words of ours.
func withMarkers(w *templateWork, a *wire.Template) (marked wire.Template, order []marker) {
	const own, lease, id, root, workID, txs = "~own~", "~lease~", "~id~", "~root~", "~workid~", `"~txs~"`
	extranonce := fmt.Sprintf("%016x", w.job.Extranonce)
	marked = *a
	marked.CurTime, marked.MaxTime = math.MaxUint64-1, math.MaxUint64
	marked.Transactions = json.RawMessage(txs)
	cb := &marked.CoinbaseTxn
	head := strings.TrimSuffix(cb.Arbitrary, extranonce)
	cb.Data, cb.Arbitrary = strings.Replace(cb.Data, head+extranonce, head+own, 1), head+own
	cb.ID, marked.TransactionsRoot, marked.WorkID = id, root, workID
	layers := append([]wire.Layer(nil), a.CoinbaseBuild.Layers...)
	layers[0].Prefix = strings.TrimSuffix(layers[0].Prefix, extranonce[:16-2*w.size]) + lease
	marked.CoinbaseBuild.Layers = layers
	return marked, []marker{
		{strconv.FormatUint(marked.CurTime, 10), gapCurTime}, {strconv.FormatUint(marked.MaxTime, 10), gapMaxTime},
		{txs, gapTransactions}, {own, gapExtranonce}, {id, gapCoinbaseID}, {own, gapExtranonce}, {lease, gapLease},
		{root, gapRoot}, {workID, gapWorkID},
	}
}

// templateAnswer is a rendering with the values of one piece of work.
type templateAnswer struct {
	*rendering
	work *templateWork
	at   answerTimes
	// member is the longpoll that is answered, in its wave; nil for a call that did not wait.
	member *waveMember
}

// awaitWave satisfies waveWaiter.
func (a templateAnswer) awaitWave() { a.member.awaitOthers() }

// MarshalJSON satisfies json.Marshaler.
func (a templateAnswer) MarshalJSON() ([]byte, error) {
	a.member.leave() // A part of another answer: nobody waits for when that is written.
	return bytes.Join(a.pieces(nil), nil), nil
}

// ownSize is more than what a caller's own values take, in bytes.
const ownSize = 512

// pieces satisfies preencoded. The transactions are shared.
func (a templateAnswer) pieces(buf []byte) [][]byte {
	buf = slices.Grow(buf, a.size+ownSize)
	var digits [16]byte
	extranonce := digits[:]
	hex.Encode(extranonce, binary.BigEndian.AppendUint64(nil, a.work.job.Extranonce))
	front := 0
	for i, g := range a.gaps {
		buf = append(buf, a.texts[i]...)
		switch g {
		case gapCurTime:
			buf = strconv.AppendUint(buf, a.at.current, 10)
		case gapMaxTime:
			buf = strconv.AppendUint(buf, a.at.latest, 10)
		case gapTransactions:
			front = len(buf)
		case gapExtranonce:
			buf = append(buf, extranonce...)
		case gapLease:
			buf = append(buf, extranonce[:16-2*a.work.size]...)
		case gapCoinbaseID:
			id := a.work.job.CoinbaseID().Byte32()
			buf = hex.AppendEncode(buf, id[:])
		case gapRoot:
			root := a.work.job.Root().Byte32()
			buf = hex.AppendEncode(buf, root[:])
		case gapWorkID:
			buf = append(buf, a.work.id...)
		}
	}
	buf = append(buf, a.texts[len(a.gaps)]...)
	return [][]byte{buf[:front], a.transactions, buf[front:]}
}

// renderingKey is what a rendering depends on, beside the template that the generator published.
type renderingKey struct {
	asked          string // payee and tag
	size           int
	ids, submitOld bool
}

// keptRenderings bounds the renderings of one template. They are a few kilobytes each.
const keptRenderings = 1024

// renderings caches those of the latest template. It is safe for concurrent use.
type renderings struct {
	mu     sync.Mutex
	base   *mining.Template
	cached map[renderingKey]func() (*rendering, error)
}

// of is the rendering for a key, made once. Several callers that ask for it at a time wait
// for the one that makes it.
func (s *renderings) of(base *mining.Template, key renderingKey, make func() (*rendering, error)) (*rendering, error) {
	s.mu.Lock()
	if s.base == nil || s.base != base && s.base.Built.Before(base.Built) {
		s.base, s.cached = base, map[renderingKey]func() (*rendering, error){}
	}
	get, ok := s.cached[key]
	switch {
	case s.base != base:
		get = make // A slow caller's.
	case !ok:
		get = sync.OnceValues(make)
		if len(s.cached) < keptRenderings {
			s.cached[key] = get
		}
	}
	s.mu.Unlock()
	return get()
}
