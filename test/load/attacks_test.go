package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// attack is what somebody does who means a node ill, on each of many connections, again when one ends.
type attack struct {
	name string
	// port is which of the node's is dialled.
	port port
	// fewer divides the number of connections, where each is costly for the attacker.
	fewer int
	// spread has each connection come from an address of its own.
	spread bool
	run    func(*assailant) error
}

type port int

const (
	rpcPort port = iota
	rigPort
	peerPort
)

// assailant is one connection of an attack.
type assailant struct {
	net.Conn
	ctx   context.Context
	index int
	pause time.Duration // between two things that it does; 0 is none
	done  *atomic.Int64 // what was done, by all
}

// attacks are all that there are.
var attacks = []attack{
	{name: "requests whose headers never end", port: rpcPort, run: slowly("POST /get-work HTTP/1.1\r\nHost: 127.0.0.1\r\n", "X-A: b\r\n")},
	{name: "requests whose body comes byte by byte", port: rpcPort, run: slowly("POST /get-work HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n", " ")},
	{name: "logins that come byte by byte", port: rigPort, run: slowly(`{"method":"login",`, " ")},
	{name: "connections to the RPC that say nothing", port: rpcPort, run: (*assailant).wait},
	{name: "connections to the rigs' port that say nothing", port: rigPort, run: (*assailant).wait},
	{name: "connections to the peers' port that say nothing", port: peerPort, run: (*assailant).wait},
	{name: "rigs that ask and never read", port: rigPort, run: rigThatNeverReads},
	{name: "callers that ask and never read", port: rpcPort, run: callerThatNeverReads},
	{name: "streams of events that are never read", port: rpcPort, run: streamThatIsNeverRead},
	{name: "shares that miss their target", port: rigPort, fewer: 20, run: sharesOf(1e6, func(n int) string { return fmt.Sprintf("%016x", n) })},
	{name: "shares that are none", port: rigPort, fewer: 20, run: sharesOf(1, func(int) string { return "ffffffffffffffff" })},
	{name: "the same share again and again", port: rigPort, fewer: 20, run: sharesOf(1, func(int) string { return "0000000000000001" })},
	{name: "good shares, far too many", port: rigPort, fewer: 20, run: sharesOf(1, func(n int) string { return fmt.Sprintf("%08x", n) })},
	{name: "rigs that dial again and again", port: rigPort, fewer: 20, run: redial},
	{name: "rigs of many addresses and names", port: rigPort, fewer: 20, spread: true, run: redial},
	{name: "bodies of 20 MB", port: rpcPort, fewer: 20, run: giantBody},
	{name: "lines of 1 MB", port: rigPort, fewer: 20, run: giantLine},
}

// launch makes an attack until ctx ends, and returns how many things were done.
func (a attack) launch(ctx context.Context, how assault) int64 {
	to := map[port]string{rpcPort: how.RPC, rigPort: how.Rigs, peerPort: how.Peers}[a.port]
	var all sync.WaitGroup
	var done atomic.Int64
	for i := range max(2, how.Connections/max(1, a.fewer)) {
		all.Go(func() {
			for ctx.Err() == nil {
				if a.once(ctx, to, i, how.Pause, &done) != nil && ctx.Err() == nil {
					time.Sleep(10 * time.Millisecond) // It would have the machine, not the node, do nothing else.
				}
			}
		})
	}
	all.Wait()
	return done.Load()
}

// once has one connection attack, until that is over or ctx ends.
func (a attack) once(ctx context.Context, to string, index int, pause time.Duration, done *atomic.Int64) error {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	if a.spread {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, byte(1+rand.IntN(250)), byte(rand.IntN(250)), byte(1+rand.IntN(250)))}
	}
	conn, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return a.run(&assailant{Conn: conn, ctx: ctx, index: index, pause: pause, done: done})
}

// say sends a text, and makes the pause.
func (a *assailant) say(text string) error {
	if _, err := io.WriteString(a, text); err != nil {
		return err
	}
	a.done.Add(1)
	if a.pause > 0 {
		time.Sleep(a.pause)
	}
	return nil
}

// wait says nothing more until the node ends the connection.
func (a *assailant) wait() error {
	a.done.Add(1)
	_, err := io.Copy(io.Discard, a)
	return err
}

// stay is wait for one that does not read either.
func (a *assailant) stay() error {
	a.done.Add(1)
	<-a.ctx.Done()
	return nil
}

// slowly sends a beginning, and then a part each tenth of a second for ever.
func slowly(begin, part string) func(*assailant) error {
	return func(a *assailant) error {
		for err := a.say(begin); ; err = a.say(part) {
			if err != nil {
				return err
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-a.ctx.Done():
				return nil
			}
		}
	}
}

// login logs in as a rig, and returns its first job.
func (a *assailant) login(name string, difficulty float64) (*wire.Reader, wire.Job, error) {
	in := wire.NewReader(a)
	var login wire.LoginResult
	err := a.say(fmt.Sprintf(`{"method":"login","params":{"login":"%s+%v","pass":"x","agent":"bytom-solo/attack"},"id":1}`+"\n", name, difficulty))
	if err != nil {
		return nil, login.Job, err
	}
	line, err := in.ReadLine()
	if err != nil {
		return nil, login.Job, err
	}
	m, err := wire.ParseMessage(line)
	if err == nil && m.Error != nil {
		err = m.Error
	}
	if err == nil {
		err = json.Unmarshal(m.Result, &login)
	}
	return in, login.Job, err
}

func rigThatNeverReads(a *assailant) error {
	if _, _, err := a.login(fmt.Sprint("mute.", a.index), 1); err != nil {
		return err
	}
	for {
		if err := a.say(`{"method":"getjob","id":7}` + "\n"); err != nil {
			return err
		}
	}
}

func callerThatNeverReads(a *assailant) error {
	for {
		if err := a.say("GET " + node.OpenAPIRoute + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			return err
		}
	}
}

func streamThatIsNeverRead(a *assailant) error {
	if err := a.say("GET " + node.EventsRoute + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
		return err
	}
	return a.stay()
}

// sharesOf sends shares as fast as they are read.
func sharesOf(difficulty float64, nonce func(int) string) func(*assailant) error {
	return func(a *assailant) error {
		_, job, err := a.login(fmt.Sprint("flood.", a.index), difficulty)
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(io.Discard, a) }()
		for n := 1; ; n++ {
			if err := a.say(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%s"},"id":3}`+"\n", job.ID, nonce(n))); err != nil {
				return err
			}
		}
	}
}

// redial logs in by a new name, and goes at once.
func redial(a *assailant) error {
	_, _, err := a.login(fmt.Sprint("storm.", rand.Uint32()), 1)
	return err
}

func giantBody(a *assailant) error {
	const size = 20 << 20
	err := a.say(fmt.Sprintf("POST /submit-block HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"+`{"raw_block":"`, size))
	if err != nil {
		return err
	}
	if _, err := io.Copy(a, io.LimitReader(zeros{}, size)); err != nil {
		return err
	}
	return a.wait()
}

func giantLine(a *assailant) error {
	if err := a.say(`{"method":"login","params":{"login":"`); err != nil {
		return err
	}
	_, err := io.Copy(a, io.LimitReader(zeros{}, 1<<20))
	return err
}

// zeros reads as the digit 0 for ever.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
