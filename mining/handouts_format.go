package mining

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// handoutVersion is that of the file's format. A change of what lines mean raises it.
const handoutVersion = 1

// handoutLine is a line of the file: one of its members is there.
type handoutLine struct {
	Head     *handoutHead     `json:"bytom_solo_handouts,omitempty"`
	Tx       *handoutTx       `json:"tx,omitempty"`
	Chosen   *[]int           `json:"chosen,omitempty"` // transactions, by number
	Template *handoutTemplate `json:"template,omitempty"`
	Work     *handoutWork     `json:"work,omitempty"`
}

// handoutHead is the first line's.
type handoutHead struct {
	Version  int     `json:"version"`
	Network  string  `json:"network"`
	Previous bc.Hash `json:"previous"` // what all works build on
}

type handoutTx struct {
	Raw     *types.Tx `json:"raw"`
	Fee     uint64    `json:"fee"`
	Gas     uint64    `json:"gas"`
	GasOnly bool      `json:"gas_only,omitempty"`
}

type handoutTemplate struct {
	Chosen    int    `json:"chosen"` // by number
	Timestamp uint64 `json:"timestamp"`
	Payee     string `json:"payee"`
	Program   string `json:"program"` // hexadecimal, as Tag
	Tag       string `json:"tag"`
	Reason    Reason `json:"reason"`
	// Parts is there for a template that NewTemplateOf made: what does not follow from what is
	// known of its transactions here.
	Parts *handoutParts `json:"parts,omitempty"`
}

type handoutParts struct {
	Fees       uint64  `json:"fees"`
	Gas        uint64  `json:"gas"`
	StatusRoot bc.Hash `json:"status_root"`
}

type handoutWork struct {
	By         string          `json:"by"`
	Key        string          `json:"key"`
	Template   int             `json:"template"` // by number
	Extranonce uint64          `json:"extranonce"`
	Note       json.RawMessage `json:"note,omitempty"`
}

// handoutsEncoder encodes work as lines of the file: it knows what the file has, and holds
// what is to be appended next. It belongs to one goroutine.
type handoutsEncoder struct {
	tip    bc.Hash
	size   int64 // of what is written
	failed bool  // nothing more of this tip is kept
	text   []byte
	err    error // the first

	txs       map[bc.Hash]int
	chosen    map[chosenKey]int
	templates map[*Template]int
	counts    struct{ chosen, templates int }
}

// chosenKey identifies a selection: templates for several payees share one.
type chosenKey struct {
	first *Candidate
	count int
}

// add encodes a piece of work, after those of its parts that the file does not have.
func (b *handoutsEncoder) add(w *Handout, network string) {
	if b.failed || b.err != nil || b.size+int64(len(b.text)) > mostHandouts {
		return // write reports it.
	}
	if b.txs == nil {
		b.txs, b.chosen, b.templates = make(map[bc.Hash]int), make(map[chosenKey]int), make(map[*Template]int)
	}
	if b.size == 0 && len(b.text) == 0 {
		b.line(handoutLine{Head: &handoutHead{handoutVersion, network, b.tip}})
	}
	work := handoutWork{By: w.By, Key: w.Key, Template: b.template(w.Template), Extranonce: w.Extranonce}
	if w.Note != nil {
		if work.Note, b.err = json.Marshal(w.Note); b.err != nil {
			return
		}
	}
	b.line(handoutLine{Work: &work})
}

// template is a template's number in the file; a new one is encoded.
func (b *handoutsEncoder) template(t *Template) int {
	n, ok := b.templates[t]
	if ok {
		return n
	}
	line := handoutTemplate{
		Timestamp: t.Timestamp, Reason: t.Reason,
		Payee: t.Payee.Address, Program: hex.EncodeToString(t.Payee.Program), Tag: hex.EncodeToString(t.coinbase.tag(t.Height)),
	}
	chosen := t.Chosen
	if t.later != nil {
		var txs []*types.Tx
		txs, b.err = t.transactions()
		for _, tx := range txs {
			chosen = append(chosen, Candidate{Tx: tx})
		}
		line.Parts = &handoutParts{Fees: t.Fees, Gas: t.Gas, StatusRoot: t.StatusRoot}
	}
	line.Chosen = b.selection(chosen)
	b.line(handoutLine{Template: &line})
	n = b.counts.templates
	b.templates[t], b.counts.templates = n, n+1
	return n
}

// selection is the number of a template's transactions in the file; new ones are encoded.
func (b *handoutsEncoder) selection(chosen []Candidate) int {
	key := chosenKey{count: len(chosen)}
	if len(chosen) > 0 {
		key.first = &chosen[0]
	}
	n, ok := b.chosen[key]
	if ok {
		return n
	}
	numbers := make([]int, 0, len(chosen))
	for _, c := range chosen {
		number, ok := b.txs[c.Tx.ID]
		if !ok {
			b.line(handoutLine{Tx: &handoutTx{Raw: c.Tx, Fee: c.Fee, Gas: c.Gas, GasOnly: c.GasOnly}})
			number = len(b.txs)
			b.txs[c.Tx.ID] = number
		}
		numbers = append(numbers, number)
	}
	b.line(handoutLine{Chosen: &numbers})
	n = b.counts.chosen
	b.chosen[key], b.counts.chosen = n, n+1
	return n
}

func (b *handoutsEncoder) line(l handoutLine) {
	text, err := json.Marshal(l)
	if b.err = errors.Join(b.err, err); b.err == nil {
		b.text = append(append(b.text, text...), '\n')
	}
}

// handoutsDecoder is what was read of a file, and the encoder that appends to it.
type handoutsDecoder struct {
	handoutsEncoder
	txs       []Candidate
	chosen    [][]Candidate
	templates []*Template
	works     map[string]RestoredWork
}

// readHandouts reads a file up to its end, or to the first line that makes no sense,
// which the error is about. A last line without an end was cut off with the process.
func readHandouts(cfg HandoutsConfig) (read handoutsDecoder, err error) {
	read.works = make(map[string]RestoredWork)
	f, err := os.Open(cfg.Path)
	if err != nil {
		return read, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	defer func() { read.number() }()
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		return read, errors.New("it is empty, and begins anew")
	}
	in := bufio.NewReaderSize(io.LimitReader(f, mostHandouts), 1<<16)
	var tip Tip
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if n > 1 {
				break // The run may have ended within a line.
			}
			err = errors.New("it is cut off")
		}
		if err == nil {
			err = read.take(text, n, cfg, &tip)
		}
		if err != nil {
			return read, fmt.Errorf("line %d: %w", n, err)
		}
		if read.size += int64(len(text)); tip.Hash == (bc.Hash{}) {
			return handoutsDecoder{}, nil // Nothing on this chain.
		}
	}
	return read, nil
}

// take reads a line.
func (r *handoutsDecoder) take(text []byte, n int, cfg HandoutsConfig, tip *Tip) error {
	var l handoutLine
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return err
	}
	switch {
	case n == 1 && l.Head == nil:
		return errors.New("not a file of works")
	case n == 1:
		return r.begin(l.Head, cfg, tip)
	case l.Tx != nil && l.Tx.Raw != nil:
		r.txs = append(r.txs, Candidate{Tx: l.Tx.Raw, Fee: l.Tx.Fee, Gas: l.Tx.Gas, GasOnly: l.Tx.GasOnly})
		return nil
	case l.Chosen != nil:
		return r.choose(*l.Chosen)
	case l.Template != nil:
		return r.assemble(l.Template, *tip)
	case l.Work != nil && l.Work.Template >= 0 && l.Work.Template < len(r.templates):
		r.works[handoutKey(l.Work.By, l.Work.Key)] = RestoredWork{r.templates[l.Work.Template], l.Work.Extranonce, l.Work.Note}
		return nil
	}
	return errors.New("neither a transaction, nor a selection, a template or a work")
}

// begin reads the first line.
func (r *handoutsDecoder) begin(head *handoutHead, cfg HandoutsConfig, tip *Tip) error {
	if head.Version > handoutVersion {
		return fmt.Errorf("its format is %d, of a newer version of this program; this one knows formats up to %d: there is nothing to do, it is begun anew", head.Version, handoutVersion)
	}
	if head.Version != handoutVersion {
		return fmt.Errorf("version is %d, expected %d", head.Version, handoutVersion)
	}
	if head.Network != cfg.Network {
		return fmt.Errorf("network is %q, expected %q", head.Network, cfg.Network)
	}
	if parent, known := cfg.Source.After(head.Previous); known {
		*tip, r.tip = parent, parent.Hash
	}
	return nil
}

func (r *handoutsDecoder) choose(numbers []int) error {
	chosen := make([]Candidate, 0, len(numbers))
	for _, n := range numbers {
		if n < 0 || n >= len(r.txs) {
			return fmt.Errorf("there is no transaction %d", n)
		}
		chosen = append(chosen, r.txs[n])
	}
	r.chosen = append(r.chosen, chosen)
	return nil
}

func (r *handoutsDecoder) assemble(line *handoutTemplate, tip Tip) error {
	if line.Chosen < 0 || line.Chosen >= len(r.chosen) {
		return fmt.Errorf("there is no selection %d", line.Chosen)
	}
	program, err := hex.DecodeString(line.Program)
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	tag, err := hex.DecodeString(line.Tag)
	if err != nil {
		return fmt.Errorf("tag: %w", err)
	}
	payee := Payee{Address: line.Payee, Program: program}
	var t *Template
	if line.Parts != nil {
		t, err = line.Parts.template(r.chosen[line.Chosen], Parts{Tip: tip, Timestamp: line.Timestamp, Payee: payee, Tag: tag, Reason: line.Reason})
	} else {
		t, err = newTemplate(tip, r.chosen[line.Chosen], payee, tag, time.Unix(int64(line.Timestamp), 0), line.Reason)
	}
	if err != nil {
		return err
	}
	r.templates = append(r.templates, t)
	return nil
}

// template is one that NewTemplateOf made, with the transactions in the file.
func (l *handoutParts) template(chosen []Candidate, p Parts) (*Template, error) {
	txs, ids := make([]*types.Tx, 0, len(chosen)), make([][32]byte, 0, len(chosen))
	for _, c := range chosen {
		txs, ids = append(txs, c.Tx), append(ids, c.Tx.ID.Byte32())
	}
	p.Fees, p.Gas, p.StatusRoot, p.Branch, p.Count = l.Fees, l.Gas, l.StatusRoot.Byte32(), merkleBranch(ids), len(ids)
	return NewTemplateOf(p, func() ([]*types.Tx, error) { return txs, nil })
}

// number prepares the encoder to append to what was read.
func (r *handoutsDecoder) number() {
	r.handoutsEncoder.txs, r.handoutsEncoder.chosen, r.handoutsEncoder.templates = make(map[bc.Hash]int), make(map[chosenKey]int), make(map[*Template]int)
	for i, c := range r.txs {
		r.handoutsEncoder.txs[c.Tx.ID] = i
	}
	r.counts.chosen, r.counts.templates = len(r.chosen), len(r.templates)
}
