package stratum

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// inBubble runs a test of a front of pipes on a clock of its own.
func inBubble(t *testing.T, bits uint64, change func(*front, *Config), test func(t *testing.T, f *front)) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, bits, change)
		defer f.close()
		synctest.Wait()
		test(t, f)
	})
}

func TestSegments(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial()
		defer r.close()
		r.write(`{"method":"lo`, `gin","params":{"login":"a.b"`, `},"id":1}`, "\r", "\n")
		if m := r.reply(); string(m.ID) != "1" || m.Error != nil {
			t.Errorf("a login in five segments: %+v", m)
		}
		// Three in one segment, with all the ends that there are.
		r.write(`{"method":"keepalived","id":2}` + "\r\n\r\n" + `{"method":"submit","params":{"job_id":"1","nonce":"1"},"id":3}` + "\n\n\n" + `{"method":"keepalived","id":4}` + "\n")
		for id := 2; id <= 4; id++ {
			if m := r.reply(); string(m.ID) != fmt.Sprint(id) {
				t.Errorf("reply to %s, expected %d", m.ID, id)
			}
		}
	})
}

// TestIDsComeBackAsTheyWere: some clients die of a number for a string, one has the same
// id for all.
func TestIDsComeBackAsTheyWere(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		for _, id := range []string{`7`, `"7"`, `null`, `"a.b"`, `"a.b"`, `1.50`, `true`, `[1, 2]`, `{"x": "<&>"}`, `"\u00e9"`, `18446744073709551616`} {
			r.write(`{"method":"keepalived","id":` + id + "}\n")
			want := `{"id":` + id + `,"jsonrpc":"2.0","result":{"status":"OK"},"error":null}`
			if got := r.line(); got != want {
				t.Errorf("got %s, expected %s", got, want)
			}
		}
		r.write(`{"method":"keepalived"}` + "\n")
		if got := r.line(); !strings.HasPrefix(got, `{"id":null,`) {
			t.Errorf("without an id: %s", got)
		}
		r.write(`{"method":"keepalived","id":"` + strings.Repeat("x", mostID) + "\"}\n")
		if got := r.line(); !strings.HasPrefix(got, `{"id":null,`) || !strings.Contains(got, "at most 128") {
			t.Errorf("a long id: %s", got)
		}
	})
}

func TestNoncesOfAllForms(t *testing.T) {
	inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.MinDifficulty, cfg.StartDifficulty = 4, 4 }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		j := r.job
		at := uint64(0)
		next := func() uint64 {
			n := find(&j, at, j.Target.Met)
			at = n - j.Nonce + 1
			return n
		}
		for name, text := range map[string]string{
			"plain": wire.FormatNonce(next()), "upper case": strings.ToUpper(wire.FormatNonce(next())), "0x": "0x" + wire.FormatNonce(next()),
			"lower half": wire.FormatNonce(next())[8:],
		} {
			if err := r.submit(j.ID, text); err != nil {
				t.Errorf("%s, %s: %v", name, text, err)
			}
		}
		// A rig that has a mind of its own, and leaves zeros out.
		small := j
		small.Nonce = 1
		if err := r.submit(j.ID, fmt.Sprintf("%x", find(&small, 0, j.Target.Met))); err != nil {
			t.Errorf("short: %v", err)
		}
		small.Nonce = 0x10000000
		if err := r.submit(j.ID, fmt.Sprintf("%x", find(&small, 0, j.Target.Met))); err != nil {
			t.Errorf("of eight digits, and no lower half: %v", err)
		}
		if err := r.submit(j.ID, "ffffffffffffffff"); code(err) != wire.CodeNonce {
			t.Errorf("above 2^63: %v", err)
		}
		if st := f.server.Stats(); st.Shares["accepted"] != 6 || st.Shares["invalid"] != 1 {
			t.Errorf("%+v", st.Shares)
		}
	})
}

// TestBigEndianReaders: they start where the others do.
func TestBigEndianReaders(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		for i := range 50 {
			r := f.dial().login(fmt.Sprint("rig.", i))
			wrong, _, err := wire.ParseNonce(string(wire.AppendNumber(nil, r.job.Nonce)))
			if err != nil || wrong != r.job.Nonce {
				t.Errorf("nonce %x read as %x, %v", r.job.Nonce, wrong, err)
			}
			r.close()
		}
	})
}

func TestSecondLoginAndOtherMethods(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		first := r.job
		for line, want := range map[string]string{
			`{"method":"login","params":{"login":"c.d"},"id":1}`:     "Already logged in",
			`{"method":"mining.subscribe","params":[],"id":1}`:       "Unknown method",
			`{"method":"` + strings.Repeat("x", 500) + `","id":1}`:   "Unknown method",
			`{"method":"eth_submitLogin","params":["a","b"],"id":1}`: "Unknown method",
		} {
			r.write(line + "\n")
			if m := r.reply(); code(m.Error) != wire.CodeOther || !strings.Contains(m.Error.Message, want) {
				t.Errorf("%s: %+v", line, m)
			}
		}
		for _, method := range []string{"getjob", "GetWork"} {
			r.write(`{"method":"` + method + `","params":{"id":"a.b"},"id":1}` + "\n")
			var j wire.Job
			m := r.reply()
			if err := j.UnmarshalJSON(m.Result); err != nil || j.ID == first.ID || j.Height != first.Height || j.TransactionsMerkleRoot == first.TransactionsMerkleRoot {
				t.Errorf("%s: %s, %v", method, m.Result, err)
			}
		}
		if err := r.submit(first.ID, wire.FormatNonce(find(&first, 0, first.Target.Met))); err != nil {
			t.Errorf("the session is good no more: %v", err)
		}
	})
}

// TestJunk: bad JSON is answered, and after five lines of it in a row the connection is
// closed.
func TestJunk(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		for range 3 {
			for i := range mostJunk - 1 {
				r.write([]string{`{`, `[]`, `"x"`, `{"id":1,"method":null}`}[i%4] + "\n")
				if m := r.reply(); code(m.Error) != wire.CodeParams {
					t.Fatalf("junk: %+v", m)
				}
			}
			r.write(`{"method":"keepalived","id":4}` + "\n")
			if m := r.reply(); m.Error != nil {
				t.Fatalf("%+v", m)
			}
		}
		for range mostJunk {
			r.write("\x00\xff\x01\n")
		}
		for r.line() != "" {
			continue
		}
		synctest.Wait() // The rig sees the end before the session is gone.
		if st := f.server.Stats(); st.Sessions != 0 || st.Junk != 3*(mostJunk-1)+mostJunk-1 {
			t.Errorf("%+v", st)
		}
		long := f.dial()
		go func() { _, _ = io.WriteString(long.conn, strings.Repeat("x", 3*wire.MaxLine)) }()
		if got := long.line(); got != "" {
			t.Errorf("an endless line: %s", got)
		}
		long.close()
	})
}

func TestHTTPOnThePort(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /get-work HTTP/1.0\r\n\r\n{}"} {
			conn := f.connection("10.0.0.1:1")
			go func() { _, _ = io.WriteString(conn, request) }()
			answer, err := io.ReadAll(conn)
			text := string(answer)
			_, body, _ := strings.Cut(text, "\r\n\r\n")
			if err != nil || !strings.HasPrefix(text, "HTTP/1.1 400 Bad Request\r\n") || !strings.Contains(body, "stratum+tcp://") ||
				!strings.Contains(text, fmt.Sprintf("Content-Length: %d\r\n", len(body))) {
				t.Errorf("%q: %q, %v", request, text, err)
			}
			_ = conn.Close()
		}
	})
}

// TestAClientThatClosesItsHalfGetsItsReplies is for netcat and scripts.
func TestAClientThatClosesItsHalfGetsItsReplies(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, hardBits, func(_ *front, cfg *Config) { cfg.Listener = listener })
	defer f.close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, `{"method":"login","params":{"login":"a"},"id":1}`+"\n"+`{"method":"submit","params":{"job_id":"1","nonce":"1"},"id":2}`); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if lines := strings.Split(string(text), "\n"); err != nil || len(lines) != 3 || !strings.Contains(lines[1], "Job not found") {
		t.Errorf("got %q, %v", text, err)
	}
}

// TestRedialStorm: simulators that are refused dial again in a hot loop.
func TestRedialStorm(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, hardBits, func(_ *front, cfg *Config) { cfg.Listener, cfg.MaxSessions = listener, 2 })
	defer f.close()
	a := f.dial().login("good.1")
	b := f.dial().login("good.2")
	defer a.close()
	const storm = 3000
	began := time.Now()
	for i := range storm {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatalf("dial %d: %v", i, err)
		}
		if i%100 == 99 { // The last one too, so that none is left in the listener's queue.
			text, err := io.ReadAll(conn)
			if err != nil || !strings.Contains(string(text), "Too many connections") {
				t.Errorf("%q, %v", text, err)
			}
		}
		_ = conn.Close()
	}
	t.Logf("%d refused in %v", storm, time.Since(began))
	if m := a.submit(a.job.ID, wire.FormatNonce(find(&a.job, 0, a.job.Target.Met))); m != nil {
		t.Errorf("in the storm: %v", m)
	}
	b.close()
	deadline := time.Now().Add(time.Minute)
	for f.server.Stats().Sessions > 1 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	f.dial().login("late.1").close()
	if n := strings.Count(f.log.String(), "\n"); n > 100 {
		t.Errorf("%d lines in the log", n)
	}
}

// TestOneMessageAReadAndTheGap plays a rig that reads 1024 bytes and takes them for one
// message, through new tips, templates, difficulties and replies.
func TestOneMessageAReadAndTheGap(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		r := f.dialRaw()
		defer r.close()
		r.write(`{"method":"login","params":{"login":"a.b"},"id":0}` + "\n")
		var last time.Time
		var lastJob bool
		jobs, replies := 0, 0
		look := func(text string) {
			if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || len(text) >= 1024 {
				t.Fatalf("not one message: %q", text)
			}
			now, job := <-r.times, strings.Contains(text, `"job_id"`)
			if (job || lastJob) && now.Sub(last) < 100*time.Millisecond && !last.IsZero() {
				t.Errorf("%v between two writes: %q", now.Sub(last), text)
			}
			if last, lastJob = now, job; job {
				jobs++
			}
			if r.note(text).Method == "" {
				replies++
			}
		}
		look(r.line())
		const sent = 60
		for i := range sent {
			if i%7 == 0 {
				f.connect(byte(3 + i))
			}
			j := r.job
			nonce := find(&j, 0, isShare(&j))
			r.write(fmt.Sprintf(`{"method":"submit","params":{"id":"a.b","job_id":"%s","nonce":"%016x"},"id":%d}`+"\n", j.ID, nonce, i))
			time.Sleep(time.Duration(i%13) * 17 * time.Millisecond)
			for len(r.lines) > 0 {
				look(r.line())
			}
		}
		for replies < sent+1 {
			look(r.line())
		}
		if jobs < 6 {
			t.Errorf("%d jobs", jobs)
		}
	})
}

// TestTheJobComesAgain every 30 to 60 s, with the time of then and headers of its own.
func TestTheJobComesAgain(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial()
		r.write(`{"method":"login","params":{"login":"a.b","pass":"d=1"},"id":0}` + "\n")
		r.reply()
		defer r.close()
		seen := map[[32]byte]bool{r.job.HeaderHash(0): true}
		for range 20 {
			before, since := r.job, time.Now()
			if m := r.message(); m.Method != wire.MethodJob {
				t.Fatalf("%+v", m)
			}
			took := time.Since(since)
			if took < 30*time.Second || took > 61*time.Second || r.job.Timestamp < before.Timestamp+29 || r.job.Height != before.Height ||
				r.job.ID == before.ID || seen[r.job.HeaderHash(0)] || r.job.Nonce != before.Nonce {
				t.Errorf("after %v: %+v, before that %+v", took, r.job, before)
			}
			seen[r.job.HeaderHash(0)] = true
		}
	})
}

// TestNoWork: a login waits for work, and is refused with the reason if none comes.
func TestNoWork(t *testing.T) {
	notReady := func(f *front, _ *Config) {
		f.chain.ready = fmt.Errorf("%w: syncing, at height 3 of 7", mining.ErrNotReady)
	}
	inBubble(t, hardBits, notReady, func(t *testing.T, f *front) {
		r := f.dial()
		began := time.Now()
		r.write(`{"method":"login","params":{"login":"a.b"},"id":1}` + "\n")
		m := r.reply()
		if code(m.Error) != wire.CodeOther || m.Error.Message != "No work: not ready to mine: syncing, at height 3 of 7" || time.Since(began) != 20*time.Second {
			t.Errorf("%+v after %v", m, time.Since(began))
		}
		if got := r.line(); got != "" {
			t.Errorf("behind it: %s", got)
		}
		r.close()

		late := f.dial()
		defer late.close()
		late.write(`{"method":"login","params":{"login":"a.b"},"id":1}` + "\n")
		time.Sleep(10 * time.Second)
		f.chain.mu.Lock()
		f.chain.ready = nil
		f.chain.mu.Unlock()
		f.generator.TipChanged()
		if m := late.reply(); m.Error != nil || late.job.Height != 11 {
			t.Errorf("%+v", m)
		}
	})
}
