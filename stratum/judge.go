package stratum

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// reject counts a share that cost nothing, and refuses it.
func (s *session) reject(id []byte, kind verdict, why *wire.Error) {
	s.record(kind, ledger.Entry{}, nil)
	s.refuse(id, why)
}

// offer puts a share into the queue, unless it can be refused unhashed.
func (s *session) offer(id []byte, sh share, standing standing) {
	seen := &s.seen
	if standing != jobGood { // They are never counted, and may not crowd those out that were.
		seen = &s.seenLate
	}
	headers := make([][32]byte, len(sh.nonces))
	for n := range headers {
		headers[n] = sh.header(n)
	}
	s.mu.Lock()
	first := seen.first(headers...)
	s.mu.Unlock()
	if !first {
		s.reject(id, verdictDuplicate, errDuplicate)
		return
	}
	s.measure(sh)
	took := func(nonce uint64) bool { return s.server.cfg.Submitter.Took(sh.cut, sh.job.timestamp, nonce) }
	if standing == jobStale && slices.ContainsFunc(sh.nonces, took) {
		s.reject(id, verdictDuplicate, errDuplicate) // It ended the tip: the rig has lost the answer.
		return
	}
	if standing == jobStale {
		// The rig has its answer; the hash is for the case that it is a block which wins a
		// race. Against another of ours there is nothing to win.
		s.reject(id, verdictStale, errExpired)
		if !s.server.cfg.Submitter.Replaced(sh.job.tip()) {
			s.server.queue.add(sh)
		}
		return
	}
	sh.reply = &reply{id: id, since: sh.came}
	sh.former = standing == jobFormer
	s.answer(sh.reply)
	if s.server.queue.add(sh) {
		return
	}
	s.mu.Lock()
	seen.forget(headers...)
	s.vardiff.Flood()
	s.mu.Unlock()
	s.record(verdictRefused, ledger.Entry{}, nil)
	s.settle(sh.reply, errTooMany)
}

// measure has the difficulty follow what a rig sends, not what could be hashed of it:
// that is never more than the budget, however much a rig offers. A stale share is
// evidence of the hashrate like any other.
func (s *session) measure(sh share) {
	if sh.job.template == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vardiff.Share(sh.came, sh.job.target.Difficulty())
}

// header is the hash of a share's header with the n-th meaning of its nonce.
func (sh *share) header(n int) [32]byte {
	if sh.job.template == nil {
		known := wire.KnownAnswer()
		return known.HeaderHash(sh.nonces[n])
	}
	return sh.cut.HeaderHash(sh.job.timestamp, sh.nonces[n])
}

// seed is what a share's header is hashed with.
func (sh *share) seed() [32]byte {
	if sh.job.template == nil {
		return wire.KnownAnswer().Seed
	}
	return sh.job.template.Tip.Seed.Byte32()
}

// judge hashes the shares of the queue until ctx ends. Those under way are finished, and
// likely blocks that wait are hashed still.
func (s *Server) judge(ctx context.Context) {
	var hashing sync.WaitGroup
	defer hashing.Wait()
	defer func() {
		for sh, ok := s.queue.takeUrgent(); ok; sh, ok = s.queue.takeUrgent() {
			hashing.Go(func() { s.verify(ctx, sh) })
		}
		s.refuseLate()
	}()
	slots := make(chan struct{}, s.cfg.Workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		sh, ok := s.next(ctx)
		if !ok {
			return
		}
		hashing.Go(func() {
			defer func() { <-slots }()
			s.verify(ctx, sh)
		})
	}
}

// next waits for a share; false if ctx ends first.
func (s *Server) next(ctx context.Context) (share, bool) {
	for ctx.Err() == nil {
		sh, ok, wait := s.queue.take(time.Now())
		s.refuseLate()
		if ok {
			return sh, true
		}
		var due <-chan time.Time
		if wait > 0 {
			due = time.After(wait)
		}
		select {
		case <-s.queue.wake:
		case <-due:
		case <-ctx.Done():
		}
	}
	return share{}, false
}

// refuseLate refuses the shares that came too late to be hashed.
func (s *Server) refuseLate() {
	for _, sh := range s.queue.takeLate() {
		sh.session.conclude(sh, verdictStale, errExpired, ledger.Entry{})
	}
}

// stopping is how long a hash under way gets when the server stops.
const stopping = 2 * time.Second

// verify hashes a share, and brings the result to the ledger, to the chain and to the rig.
func (s *Server) verify(ctx context.Context, sh share) {
	hashing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopping, cancel) })()
	if sh.reply == nil && s.cfg.Submitter.Replaced(sh.job.tip()) {
		return // It was refused as stale, and a block of ours was taken meanwhile.
	}
	for n := range sh.nonces {
		if n > 0 {
			s.queue.charge(1)
		}
		result, err := s.cfg.Hash(hashing, sh.header(n), sh.seed())
		if err != nil {
			s.log.Warn("share not verified", "rig", sh.session.name(), "error", err)
			sh.session.conclude(sh, verdictRefused, &wire.Error{Code: wire.CodeOther, Message: "The node could not verify the share"}, ledger.Entry{})
			return
		}
		entry := ledger.Entry{Difficulty: wire.DifficultyOf(result)}
		switch {
		case sh.job.template != nil && sh.job.template.Target.Met(result):
			s.submit(hashing, sh, n, &entry)
			sh.session.conclude(sh, verdictAccepted, nil, entry)
			return
		case sh.job.target.Met(result):
			verdict, why := verdictAccepted, s.worthNothing(&sh)
			if why != nil {
				verdict = verdictRefused
			}
			sh.session.conclude(sh, verdict, why, entry)
			return
		case n == len(sh.nonces)-1:
			sh.session.conclude(sh, verdictLow, errLow, entry)
		}
	}
}

// submit brings a block to the chain, and notes it in the entry, and that it is part of the
// best chain if it is then. To the rig it is a good share in any case.
func (s *Server) submit(ctx context.Context, sh share, n int, entry *ledger.Entry) {
	log := s.log.With("rig", sh.session.name(), "height", sh.job.template.Height)
	by := mining.Finder{Kind: mining.FoundByRig, Name: sh.session.name(), Address: sh.session.host.String()}
	if s.cfg.Owner != nil {
		by.Owner, by.Work = sh.session.owner(), sh.job.work()
	}
	v, err := s.cfg.Submitter.Submit(ctx, mining.Solution{Job: sh.cut, Timestamp: sh.job.timestamp, Nonce: sh.nonces[n], By: by})
	// Whatever becomes of it, now or later. One that the chain had is no second one, and of a past
	// job one that it does not take could be brought again and again.
	taken, live := err == nil && (v.Outcome == mining.MainChain || v.Outcome == mining.SideChain), sh.reply != nil && !sh.former
	if hash := bc.NewHash(sh.header(n)); taken || live && v.Outcome != mining.Duplicate {
		entry.Solved = hash.String()
	}
	switch {
	case err != nil:
		log.Warn("block of a rig not taken", "error", err)
		return
	case v.Outcome == mining.MainChain:
		s.queue.charge(-1)
		entry.Block, entry.Height = v.Block.String(), v.Height
		s.counts.blocks.Add(1)
	case v.Outcome == mining.SideChain:
		s.counts.blocks.Add(1)
	}
	log.Debug("block of a rig", "hash", v.Block.String(), "outcome", v.Outcome.String())
}

// name is the rig's.
func (s *session) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login.name
}

// owner is to whom its work is credited.
func (s *session) owner() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login.owner
}

// isBlock reports whether a share counts as a block whatever else is wrong with it. Where
// rigs are paid that is each one that made a block: it may come on the best chain later.
func (s *Server) isBlock(e *ledger.Entry) bool {
	return e.Block != "" || e.Solved != "" && s.cfg.Owner != nil
}

// conclude counts a share, and then answers the rig: whatever a rig has an answer to is in
// the ledger.
func (s *session) conclude(sh share, v verdict, why *wire.Error, entry ledger.Entry) {
	now := time.Now()
	s.server.cfg.Observe(StageShare, now.Sub(sh.came))
	if sh.job.template == nil {
		s.endKnownAnswer(sh, v, why)
		return
	}
	if sh.former && !s.server.isBlock(&entry) {
		v, why = verdictInvalid, errJobNotFound // As if nothing had been hashed.
	}
	if sh.reply == nil && !s.server.isBlock(&entry) {
		return // It was refused as stale, and counted.
	}
	if v == verdictAccepted {
		entry.Effective, entry.Network = sh.job.target.Difficulty(), sh.job.template.Target.Difficulty()
		entry.Work = sh.job.work()
		s.wakeUp()
	}
	s.record(v, entry, func(err error) {
		if err != nil {
			s.server.log.Warn("share not written down", "rig", s.name(), "error", err)
			why = errUnwritten
		}
		if sh.reply != nil {
			s.settle(sh.reply, why)
		}
	})
}

// record counts a judged share everywhere, and calls then, if it is not nil, once that is safe.
// e has what is known of it besides.
func (s *session) record(v verdict, e ledger.Entry, then func(error)) {
	now := time.Now()
	s.server.counts.shares[v].Add(1)
	s.mu.Lock()
	l := s.login
	s.badShares.count(v)
	if s.badShares.resend {
		s.badShares.resend, s.repeat = false, now
	}
	if s.badShares.drop || !s.repeat.After(now) {
		s.wakeUp()
	}
	s.mu.Unlock()
	var counts bool
	if e.Kind, counts = v.ledger(); !counts {
		s.server.rigs.refuse(s.rig)
		if then != nil {
			then(nil)
		}
		return
	}
	e.At, e.Rig, e.Address, e.Agent, e.Owner = now, l.name, s.host.String(), l.agent, l.owner
	s.server.cfg.Book.Add(e, then)
}
