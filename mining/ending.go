package mining

import "context"

// End is for the end of the process, behind all that may find a block. It waits until all found blocks are in the
// journal, or ctx ends: a disk that hangs may answer within the time that a stop takes. A block that the journal
// did not take is written whole to the log then, which may be all that is left of it.
func (s *Submitter) End(ctx context.Context) {
	s.writeAll(ctx)
	for _, b := range s.outstanding.list() {
		switch p := s.cfg.Source.Place(b.id, b.block.Height); {
		case b.written, b.doubtful(), p.Invalid != nil:
		case p.Known:
			s.tellEnd("found block is not in the journal at the end; the chain has it", b)
		default:
			s.tellEnd("found block is neither in the journal nor on this chain at the end: bring raw_block to a node by /submit-block", b)
		}
	}
}

func (s *Submitter) tellEnd(what string, b foundBlock) {
	raw, err := b.block.MarshalText()
	if err != nil {
		raw = []byte(err.Error())
	}
	s.cfg.Log.Error(what, "height", b.block.Height, "hash", b.id.String(), "by", b.by.String(), "found", b.found, "raw_block", string(raw))
}
