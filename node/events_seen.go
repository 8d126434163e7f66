package node

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// fields are an object's, each as JSON.
type fields map[string]json.RawMessage

// fieldsOf are those of what is an object as JSON.
func fieldsOf(v any) (fields, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var f fields
	return f, json.Unmarshal(raw, &f)
}

// changes are the fields that are not as they were.
func (f fields) changes(old fields) fields {
	changed := make(fields)
	for name, value := range f {
		if !bytes.Equal(value, old[name]) {
			changed[name] = value
		}
	}
	return changed
}

// text is the object as JSON.
func (f fields) text() []byte {
	raw, err := json.Marshal(f)
	if err != nil {
		return []byte("{}") // Its values were made of JSON.
	}
	return raw
}

// seen is what the readers know: the figures as of the latest event.
type seen struct {
	tip      bc.Hash
	status   fields
	faults   []fault
	rigs     map[string]fields
	rigNames []string
	days     time.Time // when the rigs' days began
	loaded   bool      // the found blocks were read once
	fates    []mining.Fate
	blocks   []FoundStats
}

// fault is what is wrong, of the status.
type fault struct {
	id   string
	text fields
}

// all are the figures, for a snapshot.
func (s *seen) all() []byte {
	rigs := make([]fields, 0, len(s.rigNames))
	for _, name := range s.rigNames {
		rigs = append(rigs, s.rigs[name])
	}
	raw, err := json.Marshal(map[string]any{"status": s.status, "rigs": rigs, "blocks": append([]FoundStats{}, s.blocks...)})
	if err != nil {
		return []byte("{}") // No figure is infinite.
	}
	return raw
}

func (e *events) lookAtTip() {
	tip := e.sources.tip()
	if tip.Hash == e.seen.tip {
		return
	}
	e.seen.tip = tip.Hash
	f, err := fieldsOf(map[string]any{"height": tip.Height, "hash": tip.Hash.String(), "at": time.Now().UTC()})
	if e.failed("tip", err) {
		return
	}
	e.publish("tip", f.text())
}

func (e *events) lookAtStatus() {
	now, err := fieldsOf(e.sources.status())
	if e.failed("status", err) {
		return
	}
	changed := now.changes(e.seen.status)
	e.seen.status = now
	if len(changed) > 0 {
		e.publish("status", changed.text())
	}
	if _, ok := changed["faults"]; ok {
		e.lookAtFaults(changed["faults"])
	}
}

// lookAtFaults says which faults came and which went.
func (e *events) lookAtFaults(text json.RawMessage) {
	var list []fields
	if e.failed("faults", json.Unmarshal(text, &list)) {
		return
	}
	var now []fault
	for _, f := range list {
		now = append(now, fault{string(f["id"]), f})
	}
	lacks := func(all []fault, id string) bool {
		return !slices.ContainsFunc(all, func(f fault) bool { return f.id == id })
	}
	old := e.seen.faults
	e.seen.faults = now
	for _, f := range now {
		if lacks(old, f.id) {
			e.publish("alert", f.text.text())
		}
	}
	for _, f := range old {
		if lacks(now, f.id) {
			f.text["over"] = json.RawMessage("true")
			e.publish("alert", f.text.text())
		}
	}
}

// rigsRead is what was read of the rigs.
type rigsRead struct {
	list RigStatsList
	err  error
}

// readFor is how long all else waits for the rigs, whose days are read from the disk: that may be slow, or hang.
const readFor = stepEvery / 2

// lookAtRigs reads the rigs, and says which changed, here or when they were read.
func (e *events) lookAtRigs() {
	if !e.reads {
		e.reads = true
		go func() {
			list, err := e.sources.rigs(time.Now())
			e.read <- rigsRead{list, err}
		}()
	}
	patience := time.NewTimer(readFor)
	defer patience.Stop()
	select {
	case read := <-e.read:
		e.takeRigs(read)
	case <-patience.C:
	}
}

// takeRigs says which rigs changed. Their days are long, and looked at when a slot of
// theirs begins.
func (e *events) takeRigs(read rigsRead) {
	e.reads = false
	list := read.list
	if e.failed("rigs", read.err) {
		return
	}
	sameDays := list.From.Equal(e.seen.days)
	e.seen.days = list.From
	old := e.seen.rigs
	e.seen.rigs, e.seen.rigNames = make(map[string]fields, len(list.Rigs)), e.seen.rigNames[:0]
	for _, rig := range list.Rigs {
		now, err := fieldsOf(rig)
		if e.failed("rig", err) {
			continue
		}
		before := old[rig.Rig]
		if sameDays && before != nil {
			now["day"] = before["day"]
		}
		e.seen.rigs[rig.Rig], e.seen.rigNames = now, append(e.seen.rigNames, rig.Rig)
		if changed := now.changes(before); len(changed) > 0 {
			changed["rig"] = now["rig"]
			e.publish("rig", changed.text())
		}
	}
	for name, before := range old {
		if e.seen.rigs[name] == nil {
			e.publish("rig", fields{"rig": before["rig"], "gone": json.RawMessage("true")}.text())
		}
	}
}

// lookAtBlocks looks at all blocks that are shown: some figures come later, and a block may
// be lost.
func (e *events) lookAtBlocks() {
	if e.missed.Swap(false) || !e.seen.loaded {
		for len(e.fates) > 0 {
			<-e.fates // The journal has it, and may be ahead of it.
		}
		fates, err := e.sources.fates(shownBlocks)
		if e.failed("found blocks", err) {
			return
		}
		e.seen.fates, e.seen.loaded = fates, true
	}
	old := e.seen.blocks
	e.seen.blocks = e.sources.describe(e.seen.fates)
	for _, now := range slices.Backward(e.seen.blocks) {
		e.publishBlock(now, old)
	}
}

// lookAtBlock looks at a block whose life went on.
func (e *events) lookAtBlock(fate mining.Fate) {
	if !e.seen.loaded {
		return // The journal has it.
	}
	of := func(f mining.Fate) bool { return f.ID == fate.ID }
	if i := slices.IndexFunc(e.seen.fates, of); i >= 0 {
		e.seen.fates[i] = fate
	} else if e.seen.insert(fate); !slices.ContainsFunc(e.seen.fates, of) {
		return // It is too old to be shown.
	}
	if e.open() == 0 {
		return // The next step will see it.
	}
	for _, now := range e.sources.describe([]mining.Fate{fate}) {
		e.publishBlock(now, e.seen.blocks)
		if i := indexOf(e.seen.blocks, now); i >= 0 {
			e.seen.blocks[i] = now
		} else {
			e.seen.blocks = slices.Insert(e.seen.blocks, 0, now)
		}
	}
}

// insert puts a block in its place among those that are shown, the latest first. That goes by the height, as in the
// journal: by the time, one found by a clock that was ahead would be the latest for as long.
func (s *seen) insert(fate mining.Fate) {
	i, _ := slices.BinarySearchFunc(s.fates, fate, func(shown, of mining.Fate) int { return of.Compare(shown) })
	s.fates = slices.Insert(s.fates, i, fate)
	s.fates = s.fates[:min(len(s.fates), shownBlocks)]
}

// publishBlock says what became of a block, if it is not as it was.
func (e *events) publishBlock(now FoundStats, old []FoundStats) {
	if i := indexOf(old, now); i >= 0 && bytes.Equal(lasting(old[i]), lasting(now)) {
		return
	}
	if raw, err := json.Marshal(now); !e.failed("found block", err) {
		e.publish("block", raw)
	}
}

// indexOf finds the same block in a list; -1 if it is not there.
func indexOf(all []FoundStats, block FoundStats) int {
	return slices.IndexFunc(all, func(b FoundStats) bool { return b.Block.Hash == block.Block.Hash })
}

// lasting is what is worth an event of a found block. How many confirmations it has follows
// from the height.
func lasting(b FoundStats) []byte {
	b.Block.Confirmations = 0
	raw, err := json.Marshal(b)
	if err != nil {
		return nil // Its figures are finite.
	}
	return raw
}

// failed reports whether figures could not be read. The readers keep the older ones.
func (e *events) failed(what string, err error) bool {
	if err != nil {
		e.sources.log.Debug("figures not sent to the page", "what", what, "error", err)
	}
	return err != nil
}
