package fakerig

import (
	"context"
	"encoding/json"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// front is the other end of a rig's connection.
type front struct {
	t    *testing.T
	conn net.Conn
	in   *wire.Reader
}

// accept takes the connection of the rig that a listener waits for.
func accept(t *testing.T, l net.Listener) *front {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &front{t, conn, wire.NewReader(conn)}
}

// request reads the rig's next request.
func (f *front) request(params any) wire.Request {
	f.t.Helper()
	line, err := f.in.ReadLine()
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := wire.ParseRequest(line)
	if err == nil {
		err = json.Unmarshal(req.Params, params)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return req
}

// firstNonce is that of the front's jobs.
const firstNonce = 0x0000026f_00000000

func jobText(id string, height uint64) string {
	j := wire.Job{Version: 1, Height: height, Nonce: firstNonce, Bits: 0x20000000_00ffffff, ID: id, Target: 1 << 31}
	return string(j.AppendJSON(nil))
}

// dialectCase is what the rigs of a dialect send first, after two jobs in one segment.
type dialectCase struct {
	job           string
	nonce         uint64
	upper, sameID bool
}

// TestRigDialects has rigs of each dialect get two jobs in one segment, and looks at what
// they send.
func TestRigDialects(t *testing.T) {
	for dialect, want := range map[string]dialectCase{
		Plain:    {job: "2", nonce: firstNonce},
		Backward: {job: "2", nonce: bits.ReverseBytes64(firstNonce)},
		B3:       {job: "1", nonce: firstNonce, upper: true, sameID: true}, // It lost the other.
	} {
		t.Run(dialect, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			r := New(Config{
				Address: l.Addr().String(), Name: "a.b", Dialect: dialect, Rate: 100, Random: rand.New(rand.NewPCG(1, 1)),
				Hash: func(context.Context, [32]byte, [32]byte) ([32]byte, error) { return [32]byte{}, nil },
			})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { r.Run(ctx); close(ended) }()
			f := accept(t, l)
			defer f.conn.Close()
			want.check(t, f, r)
			// A rig goes on where it is if the header is the same; a B3 starts again.
			fmt.Fprintf(f.conn, `{"method":"job","params":%s}`+"\n", jobText("3", 6))
			var share wire.SubmitParams
			for share.JobID != "3" {
				f.request(&share)
			}
			nonce, _, err := wire.ParseNonce(share.Nonce)
			if again := nonce == want.nonce; err != nil || again != (dialect == B3) {
				t.Errorf("a share of a job with the same header is %+v, the first of the job before had nonce %x: %v", share, want.nonce, err)
			}
			cancel()
			_ = f.conn.Close()
			<-ended
		})
	}
}

// check lets a rig log in, reads its first three shares, and then its report.
func (want dialectCase) check(t *testing.T, f *front, r *Rig) {
	t.Helper()
	var login wire.LoginParams
	if req := f.request(&login); req.Method != wire.MethodLogin || login.Login != "a.b" {
		t.Fatalf("%+v %+v", req, login)
	}
	fmt.Fprintf(f.conn, `{"id":1,"result":{"id":"a.b","job":%s,"status":"OK"},"error":null}`+"\n"+`{"method":"job","params":%s}`+"\n", jobText("1", 5), jobText("2", 6))
	for i := range uint64(3) {
		var share wire.SubmitParams
		req := f.request(&share)
		for i == 0 && share.JobID == "1" && want.job == "2" {
			req = f.request(&share) // The first may come before the second job.
		}
		nonce, _, err := wire.ParseNonce(share.Nonce)
		if err != nil || share.JobID != want.job || nonce != want.nonce+i || (share.Nonce != strings.ToLower(share.Nonce)) != want.upper {
			t.Fatalf("share %d is %+v, expected nonce %x of job %s: %v", i, share, want.nonce+i, want.job, err)
		}
		if (string(req.ID) == "1") != want.sameID {
			t.Errorf("id %s", req.ID)
		}
		reply := `"result":{"status":"OK"},"error":null`
		if i == 2 {
			reply = `"result":null,"error":{"code":22,"message":"Duplicate share"}`
		}
		fmt.Fprintf(f.conn, `{"id":%s,"jsonrpc":"2.0",%s}`+"\n", req.ID, reply)
	}
	settled := func(rep Report) bool {
		return rep.Accepted == 2 && rep.Duplicate == 1 && rep.Work == 4 && rep.Surprises == 1 && strings.Contains(rep.Surprise, "duplicate instead of ok")
	}
	for deadline := time.Now().Add(15 * time.Second); !settled(r.Report()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it reports %+v", r.Report())
		}
	}
}

// TestRigBehindTheFront has a rig lose the jobs of two tips. That the front has forgotten
// its own by the second is no surprise.
func TestRigBehindTheFront(t *testing.T) {
	s := &session{rig: &Rig{report: Report{Dialect: B3}}, sent: make(map[string]bool)}
	hear := func(lost bool, format string, args ...any) {
		t.Helper()
		m, err := wire.ParseMessage(fmt.Appendf(nil, format, args...))
		if err == nil {
			err = s.hear(incoming{message: m, lost: lost})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	job := func(tip byte) []byte {
		j := wire.Job{Version: 1, PreviousBlockHash: [32]byte{tip}, ID: "1", Target: 1 << 31}
		return j.AppendJSON(nil)
	}
	hear(false, `{"id":1,"result":{"id":"a.b","job":%s,"status":"OK"},"error":null}`, job(1))
	for _, tip := range []byte{2, 3} {
		hear(true, `{"method":"job","params":%s}`, job(tip))
		s.waiting = append(s.waiting, sentShare{id: "1", job: s.job})
		hear(false, `{"id":1,"result":null,"error":{"code":21,"message":"Job not found"}}`)
	}
	if r := s.rig.report; s.job.PreviousBlockHash[0] != 1 || r.Invalid != 2 || r.Surprises != 1 {
		t.Errorf("with a job of tip %d it reports %+v", s.job.PreviousBlockHash[0], r)
	}
}
