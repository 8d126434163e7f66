package node

import (
	"fmt"
	"net"
	"net/http"
)

// openFiles is how the files that the system lets this process open, connections among
// them, are shared out. Nobody may take what others need: Bytom's listener for peers and
// its databases panic where there is none left.
type openFiles struct {
	limit uint64 // 0 is none that we know of
	// table is how many files each of the databases keeps open.
	table int
	// rpc and rigs are how many connections they may have; 0 is any number.
	rpc, rigs int
}

const (
	// filesOwn are what the process has besides: listeners, logs, journals, what it
	// posts to others.
	filesOwn = 48
	// databases are Bytom's LevelDBs.
	databases = 6
	// tablesMost is LevelDB's own default, tablesLeast what is not too slow.
	tablesMost, tablesLeast = 500, 8
	// peersDialed are connections that are not peers yet, or no longer.
	peersDialed = 16
)

// shareFiles shares out a limit of open files, of which peers take one each.
func shareFiles(limit uint64, peers int) openFiles {
	if limit == 0 {
		return openFiles{table: tablesMost}
	}
	f := openFiles{limit: limit, table: int(max(tablesLeast, min(tablesMost, limit/32)))}
	total := int(min(limit, 1<<30))
	left := max(0, total-filesOwn-databases*f.table-peers-peersDialed)
	f.rpc = max(8, left/4)
	f.rigs = left - left/4
	return f
}

// sessions is how many rigs may connect where the operator allows so many.
func (f openFiles) sessions(allowed int) (int, error) {
	if f.limit == 0 || f.rigs >= allowed {
		return allowed, nil
	}
	if f.rigs == 0 {
		return 0, fmt.Errorf("key stratum.listen: the limit of %d open files leaves none for rigs: expected more, by 'ulimit -n 4096' or the service's LimitNOFILE", f.limit)
	}
	return f.rigs, nil
}

// limited has a server take no more connections at a time from a listener than there are files for;
// others wait. What the system keeps for each is bounded, too.
func (f openFiles) limited(l net.Listener, s *http.Server) net.Listener {
	l = boundedBuffers{l}
	if f.rpc != 0 {
		l = limitConns(l, f.rpc, s)
	}
	return quietConns{l}
}

// boundedBuffers bounds what the system keeps for a connection of what we or the caller have not read.
// By itself it would let that grow to megabytes for each caller that never reads, and when they have
// taken all that there is for TCP it drops what rigs and peers send.
type boundedBuffers struct{ net.Listener }

// Accept satisfies net.Listener.
func (l boundedBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetReadBuffer(64 << 10) // A connection that has ended fails its next read.
		_ = c.SetWriteBuffer(128 << 10)
	}
	return conn, err
}

// fewConnections is a transport to others who may not answer: they get so many
// connections each, not one for each thing that is sent.
func fewConnections() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost = 8
	return t
}
