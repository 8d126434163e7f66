package rig

import (
	"context"
	"errors"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// sessionJobs is the state of follow: a session, its last job and what is wrong with that.
type sessionJobs struct {
	pool    *pool
	rig     *Rig
	session *session
	last    *work
	// void says that the last job is good for nothing any more, and the next is waited for.
	void bool
	// spent says the same of its nonces; asked is when a job with others was asked for.
	spent bool
	asked time.Time
	// jobless is when the session is given up for the lack of a job.
	jobless *time.Timer
}

// follow takes the jobs of a session, until it ends, or is to, or one with a server before
// it in the list is there, which it returns.
func (p *pool) follow(ctx context.Context, r *Rig, s *session) *session {
	back := time.NewTicker(p.cfg.Return)
	defer back.Stop()
	if s.server == 0 {
		back.Stop()
	}
	better, trying := make(chan *session), false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := sessionJobs{pool: p, rig: r, session: s, jobless: time.NewTimer(joblessMost)}
	defer f.jobless.Stop()
	if s.first != nil {
		f.work(s.first)
	}
	for {
		select {
		case job := <-s.Jobs():
			f.take(job)
		case <-f.jobless.C:
			p.log.Warn("no job in time", "server", p.cfg.Servers[s.server].Name)
			s.fault = errors.New("no job in time")
			return nil
		case s.fault = <-s.giveUp:
			return nil
		case <-r.fetch:
			f.fetch(ctx)
		case <-back.C:
			if !trying {
				trying = true
				p.side.Go(func() { p.tryBetter(ctx, s.server, better) })
			}
		case found := <-better:
			if trying = false; found != nil {
				return found
			}
		case <-s.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// take goes on with a job; nil stops the rig until there is one.
func (f *sessionJobs) take(job *wire.Job) {
	name := f.pool.cfg.Servers[f.session.server].Name
	if job == nil {
		if f.void {
			return
		}
		f.void = true
		f.rig.take(nil)
		f.pool.log.Warn("the server has no work any more, waiting for it", "server", name, "reason", f.session.NoWork())
		if f.jobless.Stop(); len(f.pool.cfg.Servers) > 1 {
			f.jobless.Reset(voidMost)
		}
		return
	}
	if f.void {
		f.pool.log.Info("the server has work again", "server", name)
	}
	f.work(job)
}

func (f *sessionJobs) work(job *wire.Job) {
	if f.last == nil {
		f.session.worked = time.Now()
	}
	w := poolWork(job, f.session)
	f.pool.mu.Lock()
	f.session.tip = w.header.PreviousBlockHash
	f.pool.mu.Unlock()
	f.rig.logWork(w, f.last)
	f.rig.take(w)
	f.last, f.void = w, false
	if !w.nonces.spent() {
		f.spent = false
		f.jobless.Stop()
	}
}

// fetch asks for a job with other nonces, where all of the last are used up.
func (f *sessionJobs) fetch(ctx context.Context) {
	if f.void || f.last == nil || !f.last.nonces.spent() || time.Since(f.asked) < askEach {
		return
	}
	p, s := f.pool, f.session
	if !f.spent {
		f.spent = true
		f.jobless.Reset(joblessMost)
		p.log.Info("all nonces of the job are used up, asking for another", "server", p.cfg.Servers[s.server].Name)
	}
	f.asked = time.Now()
	p.side.Go(func() {
		if err := s.GetJob(ctx); err != nil && ctx.Err() == nil {
			p.log.Debug("no other job yet, waiting for one", "error", err)
		}
	})
}

// poolWork turns a job into work. The upper 32 bits of its start nonce stay.
func poolWork(job *wire.Job, s *session) *work {
	const low = 1<<32 - 1
	w := newWork(job.Header(0), job.Seed, newNonces(space{job.Nonce &^ low, low + 1}, job.Nonce&low))
	w.share, w.job, w.session, w.asked = job.Target, job, s, time.Now()
	return w
}
