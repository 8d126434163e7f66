package node

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// fakeFigures are what events tell of, in a test's hands.
type fakeFigures struct {
	mu     sync.Mutex
	status any
	rigs   RigStatsList
	fates  []mining.Fate
	tip    mining.Tip
}

func (f *fakeFigures) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// streamed is a server of events over connections in memory, for a virtual clock.
type streamed struct {
	*events
	figures *fakeFigures
	conns   chan net.Conn
	stop    context.CancelFunc
}

func newStreamed(t *testing.T) *streamed {
	t.Helper()
	f := &fakeFigures{}
	get := func(read func()) { f.mu.Lock(); defer f.mu.Unlock(); read() }
	e := newEvents(eventSources{
		status: func() (status any) {
			get(func() { status = map[string]any{"at": time.Now().UTC(), "height": f.tip.Height, "faults": f.status} })
			return status
		},
		rigs: func(time.Time) (list RigStatsList, err error) { get(func() { list = f.rigs }); return list, nil },
		fates: func(int) (fates []mining.Fate, err error) {
			get(func() { fates = slices.Clone(f.fates) })
			return fates, nil
		},
		describe: func(fates []mining.Fate) (all []FoundStats) {
			for _, fate := range fates {
				all = append(all, FoundStats{Block: describeFate(fate, func(bc.Hash) bool { return false })})
			}
			return all
		},
		tip: func() (tip mining.Tip) { get(func() { tip = f.tip }); return tip }, log: slog.New(slog.DiscardHandler),
	})
	router := mux.NewRouter()
	e.register(router)
	server := newServer(router, newAccess(t, "x", &authenticator{disabled: true}))
	l := pipeListener{conns: make(chan net.Conn)}
	l.close = sync.OnceFunc(func() { close(l.conns) })
	ctx, stop := context.WithCancel(t.Context())
	go func() { _ = e.run(ctx) }()
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { stop(); _ = server.Close() })
	return &streamed{e, f, l.conns, stop}
}

// reader is an end of a stream.
type reader struct {
	conn     net.Conn
	status   int
	header   http.Header
	mu       sync.Mutex
	got      []sent
	comments int
	ended    bool
}

// sent is an event as it was read.
type sent struct{ id, name, data string }

// open begins a stream, and reads it.
func (s *streamed) connect(t *testing.T, headers string) *reader {
	t.Helper()
	near, far := net.Pipe()
	s.conns <- far
	r := &reader{conn: near}
	fmt.Fprintf(near, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", EventsRoute, headers)
	input := bufio.NewReader(near)
	resp, err := http.ReadResponse(input, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.status, r.header = resp.StatusCode, resp.Header
	go r.read(resp.Body)
	synctest.Wait()
	return r
}

func (r *reader) read(body io.Reader) {
	var now sent
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r.mu.Lock()
		switch key, value, _ := strings.Cut(lines.Text(), ": "); {
		case key == "id":
			now.id = value
		case key == "event":
			now.name = value
		case key == "data":
			now.data = value
		case lines.Text() == ":":
			r.comments++
		case lines.Text() == "" && now.name != "":
			r.got, now = append(r.got, now), sent{}
		}
		r.mu.Unlock()
	}
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
}

// all are the events that were read so far.
func (r *reader) all() []sent {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *reader) close() {
	r.conn.Close()
	synctest.Wait()
}

func (r *reader) isOver() bool {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// gapless holds the events to consecutive numbers.
func gapless(t *testing.T, all []sent) {
	t.Helper()
	for i, e := range all {
		var number int
		_, text, _ := strings.Cut(e.id, "-")
		if _, err := fmt.Sscan(text, &number); err != nil {
			t.Fatalf("%q: %v", e.id, err)
		}
		if i > 0 {
			var before int
			_, text, _ := strings.Cut(all[i-1].id, "-")
			if _, _ = fmt.Sscan(text, &before); number != before+1 {
				t.Errorf("%d comes after %d", number, before)
			}
		}
	}
}

// TestAStreamOutlivesTheServersLimits: a server ends each answer after an hour, and a request
// after two minutes; a stream goes on.
func TestAStreamOutlivesTheServersLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamed(t)
		r := s.connect(t, "")
		time.Sleep(61 * time.Minute)
		all := r.all()
		if r.status != http.StatusOK || r.header.Get("Content-Type") != "text/event-stream" || r.header.Get("Cache-Control") != "no-store" || r.isOver() {
			t.Fatalf("%d %v, over %v", r.status, r.header, r.isOver())
		}
		if len(all) < 3600 || all[0].name != "snapshot" || r.comments < 61*4-2 || r.comments > 61*4 {
			t.Errorf("%d events and %d comments, the first %+v", len(all), r.comments, all[0])
		}
		gapless(t, all)
		if last := all[len(all)-1]; last.name != "status" || !strings.Contains(last.data, time.Now().UTC().Format("T15:0")) || strings.Contains(last.data, "height") {
			t.Errorf("the last is %+v, expected what changed alone", last)
		}
		s.stop()
		if !r.isOver() {
			t.Error("the stream outlives the node")
		}
		r.close()
	})
}

// TestAReaderGoesOnWithoutAGap breaks a stream, and goes on from the last event by either way
// of naming it; but not by an event of another run, nor where too much was missed.
func TestAReaderGoesOnWithoutAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamed(t)
		whole, r := s.connect(t, ""), s.connect(t, "")
		time.Sleep(10 * time.Second)
		before := r.all()
		r.close()
		time.Sleep(60 * time.Second)
		last := before[len(before)-1].id
		again := s.connect(t, "Last-Event-ID: "+last+"\r\n")
		time.Sleep(10 * time.Second)
		after := again.all()
		if len(after) < 70 || slices.ContainsFunc(after, func(e sent) bool { return e.name == "snapshot" }) {
			t.Fatalf("%d events after %s: %+v", len(after), last, after[:min(len(after), 3)])
		}
		gapless(t, append(before, after...))
		if all := whole.all(); !slices.Equal(all[len(all)-len(after):], after) {
			t.Error("another reader had other events")
		}
		again.close()
		_, number, _ := strings.Cut(last, "-")
		for _, id := range []string{"other-" + number, number, s.boot + "-999999", s.boot + "-x", "-", s.boot} {
			r := s.connect(t, "Last-Event-ID: "+id+"\r\n")
			if all := r.all(); len(all) == 0 || all[0].name != "snapshot" {
				t.Errorf("after %q: %+v", id, all)
			}
			r.close()
		}
		time.Sleep(keptEvents * time.Second)
		late := s.connect(t, "Last-Event-ID: "+last+"\r\n")
		if all := late.all(); len(all) == 0 || all[0].name != "snapshot" {
			t.Errorf("after a thousand events: %+v", all)
		}
		late.close()
		whole.close()
	})
}

// TestASlowReaderIsCut: who does not read is sent away, and nobody waits for it.
func TestASlowReaderIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamed(t)
		quick := s.connect(t, "")
		near, far := net.Pipe()
		s.conns <- far
		fmt.Fprintf(near, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", EventsRoute)
		synctest.Wait()
		if n := s.open(); n != 2 {
			t.Errorf("%d streams, expected 2", n)
		}
		time.Sleep(readWithin + time.Second)
		if synctest.Wait(); s.open() != 1 || quick.isOver() || len(quick.all()) < 10 {
			t.Errorf("%d streams, expected 1; the other has %d events", s.open(), len(quick.all()))
		}
		near.Close()
		quick.close()
	})
}

// TestSixtyFourStreams: the next reader is told when to come back.
func TestSixtyFourStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamed(t)
		var all []*reader
		for range mostStreams {
			all = append(all, s.connect(t, ""))
		}
		if r := s.connect(t, ""); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") != "5" || s.open() != 64 {
			t.Errorf("the 65th: %d %v of %d streams", r.status, r.header, s.open())
		} else {
			r.close()
		}
		all[7].close()
		if all[7] = s.connect(t, ""); all[7].status != http.StatusOK {
			t.Errorf("one has left: %d", all[7].status)
		}
		for _, r := range all {
			r.close()
		}
		if n := s.open(); n != 0 {
			t.Errorf("%d streams are left", n)
		}
	})
}

// TestWhatChangedIsSent changes one figure after the other.
func TestWhatChangedIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreamed(t)
		at := time.Now()
		fate := func(n byte, states ...mining.FateState) mining.Fate {
			f := mining.Fate{ID: bc.NewHash([32]byte{n}), Height: uint64(n), Found: at.Add(time.Duration(n) * time.Second)}
			for _, state := range states {
				f.Events = append(f.Events, mining.Event{State: state, At: at, Best: uint64(n)})
			}
			return f
		}
		s.figures.set(func() { s.figures.fates = []mining.Fate{fate(1, mining.StateMain)} })
		s.found(fate(1, mining.StateMain)) // Nobody reads: the journal has it.
		r := s.connect(t, "")
		expect := func(name string, within time.Duration, want string) {
			t.Helper()
			from := len(r.all())
			for range 100 {
				for _, e := range r.all()[from:] {
					if e.name != name {
						continue
					}
					if !strings.Contains(e.data, want) || !json.Valid([]byte(e.data)) {
						t.Errorf("%s: %s, expected %s", name, e.data, want)
					}
					return
				}
				time.Sleep(within / 100)
			}
			t.Errorf("no %s within %v", name, within)
		}
		if first := r.all()[0]; first.name != "snapshot" || !strings.Contains(first.data, `"height":1,`) || !strings.Contains(first.data, `"rigs":[]`) {
			t.Errorf("%+v", first)
		}
		change := func(name string, within time.Duration, want string, do func()) {
			t.Helper()
			go func() { time.Sleep(time.Millisecond); do() }()
			expect(name, within, want)
		}
		change("block", 10*time.Millisecond, `"state":"pending"`, func() { s.found(fate(2, mining.StateFound)) })
		change("block", 10*time.Millisecond, `"state":"main","confirmations":1`, func() { s.found(fate(2, mining.StateFound, mining.StateMain)) })
		change("block", 10*time.Millisecond, `"state":"lost"`, func() { s.found(fate(1, mining.StateMain, mining.StateLost)) })
		change("tip", 10*time.Millisecond, `"height":9`, func() {
			s.figures.set(func() { s.figures.tip = mining.Tip{Height: 9, Hash: bc.NewHash([32]byte{9})} })
			s.tipChanged()
		})
		change("alert", 2*time.Second, `"id":"no-work"`, func() { s.figures.set(func() { s.figures.status = []map[string]string{{"id": "no-work"}} }) })
		change("alert", 2*time.Second, `"over":true`, func() { s.figures.set(func() { s.figures.status = []map[string]string{} }) })
		change("rig", 12*time.Second, `"rig":"shed.1"`, func() { s.figures.set(func() { s.figures.rigs.Rigs = []RigStats{{Rig: "shed.1"}, {Rig: "b"}} }) })
		change("rig", 12*time.Second, `{"accepted":5,"rig":"shed.1"}`, func() {
			s.figures.set(func() { s.figures.rigs.Rigs = []RigStats{{Rig: "shed.1", Accepted: 5}, {Rig: "b"}} })
		})
		change("rig", 12*time.Second, `{"gone":true,"rig":"b"}`, func() { s.figures.set(func() { s.figures.rigs.Rigs = s.figures.rigs.Rigs[:1] }) })
		gapless(t, r.all())
		r.close()
		s.found(fate(3, mining.StateMain)) // Nobody reads: the next look sees it.
		time.Sleep(time.Minute)
		again := s.connect(t, "Last-Event-ID: "+r.got[len(r.got)-1].id+"\r\n")
		time.Sleep(2 * time.Second)
		if all := again.all(); !slices.ContainsFunc(all, func(e sent) bool { return e.name == "block" && strings.Contains(e.data, `"height":3,`) }) {
			t.Errorf("%+v", all)
		}
		again.close()
	})
}

// TestNothingWaitsForReaders has thousands of blocks and tips come while nobody looks.
func TestNothingWaitsForReaders(t *testing.T) {
	read := 0
	e := newEvents(eventSources{
		fates:    func(int) ([]mining.Fate, error) { read++; return nil, nil },
		describe: func([]mining.Fate) []FoundStats { return nil }, log: slog.New(slog.DiscardHandler),
	})
	e.lookAtBlocks()
	if none := string(e.seen.all()); none != `{"blocks":[],"rigs":[],"status":null}` {
		t.Errorf("nothing is %s", none)
	}
	for range 3 * keptEvents {
		e.found(mining.Fate{})
		e.tipChanged()
	}
	if e.lookAtBlocks(); read != 2 || len(e.tips) != 1 {
		t.Errorf("the journal was read %d times, expected again after some were missed", read)
	}
	if !e.failed("x", errors.New("x")) || e.failed("x", nil) {
		t.Error("failures are not known")
	}
}
