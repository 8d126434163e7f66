#!/usr/bin/env bash
# nats.go 1.55.0 (github.com/nats-io/nats.go), with its server 2.15.3: while a connection is being
# made anew, its calls wait for the attempt, whatever deadline they have: also those that only ask.
#
# Each attempt, from the dial to the server's first words, holds the lock that Publish, Request,
# Status and IsConnected take. Where nothing listens an attempt is over at once, and nothing is to be
# seen in tests. Where a server accepts and says nothing, as a stopped process or a paused machine
# does, it takes nats.Timeout, 2 s by default, and there is a new one every few seconds.
#
# Seen, with nats.Timeout(5s): a request with 100 ms of time comes back after 5.0 s, Publish, which
# has nothing to do but to fill the buffer for such times, takes as long, and so does IsConnected.
# With the port closed instead, the request takes its 100 ms and the others nothing. Options
# say of Timeout that it is a dial's, and nothing of who waits for that.
#
# So a page for health that asks the connection goes silent when it is needed, and what publishes on
# the way of a share or a block has to know from the handlers, not from the connection, that it is
# away. fleet/natsengine does.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// longest is how long each call took at most in 15 s after the server had gone. If silent, its port
// accepts and says nothing.
func longest(silent bool) map[string]time.Duration {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	must(err)
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		must(fmt.Errorf("the server does not start"))
	}
	where := s.Addr().String()
	nc, err := nats.Connect("nats://"+where, nats.MaxReconnects(-1), nats.Timeout(5*time.Second))
	must(err)
	defer nc.Close()
	s.Shutdown()
	s.WaitForShutdown()
	if silent {
		l, err := net.Listen("tcp", where)
		must(err)
		defer l.Close()
	}
	calls := map[string]func(){
		"request of 100 ms": func() {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			_, err := nc.RequestWithContext(ctx, "work", nil)
			if err == nil {
				must(fmt.Errorf("answered by nobody"))
			}
		},
		"publish":      func() { must(nc.Publish("share", nil)) },
		"is connected": func() { nc.IsConnected() },
	}
	took := map[string]time.Duration{}
	var lock sync.Mutex
	var all sync.WaitGroup
	until := time.Now().Add(15 * time.Second)
	for name, call := range calls {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(until) {
				start := time.Now()
				call()
				lock.Lock()
				took[name] = max(took[name], time.Since(start))
				lock.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		}()
	}
	all.Wait()
	return took
}

func main() {
	closed, silent := longest(false), longest(true)
	for _, name := range []string{"request of 100 ms", "publish", "is connected"} {
		fmt.Printf("%-18s at most %4.1f s where the port is closed, %4.1f s where it is silent\n", name, closed[name].Seconds(), silent[name].Seconds())
		if closed[name] > 2*time.Second || silent[name] < 3*time.Second {
			defer os.Exit(1)
		}
	}
}
GO
printf 'module example.test/deadlines\n\ngo 1.25\n' >go.mod
if ! go get github.com/nats-io/nats.go@v1.55.0 github.com/nats-io/nats-server/v2@v2.15.3 >log 2>&1; then
	cat log
	exit 1
fi
go run . 2>log || { cat log; exit 1; }
