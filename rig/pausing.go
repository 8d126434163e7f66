package rig

import "context"

// Pause has no more hashed until Resume: the batches under way are the last. The session goes
// on, and solutions that are on their way go out. It reports whether that is new.
func (r *Rig) Pause() bool {
	over := make(chan struct{})
	return r.paused.CompareAndSwap(nil, &over)
}

// Resume ends a pause, with the work that there is by then. It reports whether there was one.
func (r *Rig) Resume() bool {
	over := r.paused.Swap(nil)
	if over != nil {
		close(*over)
	}
	return over != nil
}

// goOn waits for the end of a pause. It reports whether ctx goes on.
func (r *Rig) goOn(ctx context.Context) bool {
	for over := r.paused.Load(); over != nil; over = r.paused.Load() {
		select {
		case <-*over:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}
