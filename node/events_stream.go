package node

import (
	"cmp"
	"net/http"
	"time"

	"github.com/gorilla/mux"
)

// EventsRoute is the stream of what changes.
const EventsRoute = statsPrefix + "events"

const (
	// commentEvery is the time between two comments, which keep proxies from closing a
	// stream.
	commentEvery = 15 * time.Second
	// readWithin is how long a reader may take for what it is sent at once.
	readWithin = 10 * time.Second
)

func (e *events) register(r *mux.Router) {
	r.Path(EventsRoute).Methods(http.MethodGet, http.MethodHead).HandlerFunc(e.serve)
}

// serve streams events: first a snapshot, or what a reader that comes back has missed, and
// then what changes, until the reader goes, or the node.
func (e *events) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !e.enter() {
		w.Header().Set("Retry-After", "5")
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "64 streams are open, and there are no more"})
		return
	}
	defer e.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // For nginx, which would wait for more.
	if r.Method == http.MethodHead {
		return
	}
	s := eventStream{w, http.NewResponseController(w)}
	// The server's limits are of a call; a stream may last for months.
	_ = s.control.SetReadDeadline(time.Time{}) // Where there is no such limit, none is lifted.
	number, err := e.begin(s, r)
	comment := time.NewTicker(commentEvery)
	defer comment.Stop()
	for err == nil {
		texts, last, changed, kept := e.since(number)
		if !kept {
			return // Who reads so slowly begins anew.
		}
		if number = last; len(texts) > 0 {
			err = s.send(texts...)
			continue
		}
		select {
		case <-changed:
		case <-comment.C:
			err = s.send([]byte(":\n\n"))
		case <-r.Context().Done():
			return
		case <-e.ended:
			return
		}
	}
}

// begin sends a snapshot, unless the reader has one and can go on from it. It returns the
// number of the last event that the reader has.
func (e *events) begin(s eventStream, r *http.Request) (number uint64, err error) {
	// A browser that opens a stream anew has no way to set the header.
	id := cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("last_event_id"))
	if number, ok := e.numberOf(id); ok {
		return number, s.send([]byte("retry: 1000\n\n"))
	}
	answer := make(chan snapshot, 1)
	select {
	case e.asked <- answer:
	case <-e.ended:
		return 0, http.ErrServerClosed
	case <-r.Context().Done():
		return 0, r.Context().Err()
	}
	first := <-answer
	return first.number, s.send([]byte("retry: 1000\n\n"), first.text)
}

// eventStream is the way to a reader.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send sends texts at once. A reader that does not take them in time has had enough.
func (s eventStream) send(texts ...[]byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(readWithin)) // A test's writer may have none.
	for _, text := range texts {
		if _, err := s.w.Write(text); err != nil {
			return err
		}
	}
	return s.control.Flush()
}
