//go:build unix

package stratum

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// sipping takes but a part of what it is given, now and then all or nothing, as a socket
// whose buffer is full.
type sipping struct {
	nonblockingWriter
	whole, part, none *atomic.Int64
}

func (d sipping) write(b []byte) int {
	switch rand.IntN(4) {
	case 0:
		d.none.Add(1)
		return 0
	case 1:
		d.whole.Add(1)
		return d.nonblockingWriter.write(b)
	case 2:
		d.part.Add(1)
		return d.nonblockingWriter.write(b[:len(b)-1])
	}
	d.part.Add(1)
	return d.nonblockingWriter.write(b[:1+rand.IntN(len(b)-1)])
}

// TestALineIsNotTorn has connections that take jobs in part: what the rigs read are whole
// ones all the same, none older than the one before, up to the last tip's.
func TestALineIsNotTorn(t *testing.T) {
	const rigs, tips = 20, 200
	f := tcpFront(t, func(_ *front, cfg *Config) { cfg.Gap = time.Nanosecond })
	defer f.close()
	var whole, part, none atomic.Int64
	var readers sync.WaitGroup
	for i := range rigs {
		conn := f.connection("")
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, `{"method":"login","params":{"login":"farm.%d","pass":"d=1000"},"id":1}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		if _, err := in.ReadSlice('\n'); err != nil {
			t.Fatal(err)
		}
		readers.Go(func() { readJobs(t, conn, in, 11+tips) })
	}
	for _, s := range f.server.all() {
		s.mu.Lock()
		s.nonblocking = sipping{s.nonblocking, &whole, &part, &none}
		s.mu.Unlock()
	}
	for tip := range tips {
		f.connect(byte(tip + 2))
		time.Sleep(time.Millisecond)
	}
	readers.Wait()
	t.Logf("written directly: %d whole, %d in part, %d not", whole.Load(), part.Load(), none.Load())
	if whole.Load() == 0 || part.Load() == 0 || none.Load() == 0 {
		t.Error("expected some of each")
	}
}

// readJobs reads jobs up to the last height.
func readJobs(t *testing.T, conn net.Conn, in *bufio.Reader, last uint64) {
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	for read := uint64(0); read < last; {
		line, err := in.ReadSlice('\n')
		if err != nil {
			t.Errorf("after height %d: %v", read, err)
			return
		}
		var m struct {
			Method string
			Params wire.Job
		}
		if err := json.Unmarshal(line, &m); err != nil || m.Method != "job" || m.Params.Height < read {
			t.Errorf("after height %d: %v: %s", read, err, line)
			return
		}
		read = m.Params.Height
	}
}
