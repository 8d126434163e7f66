package testnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// Tail calls line with each line that nodes, all if none is given, have logged, and
// with follow goes on until ctx ends.
func (n *Network) Tail(ctx context.Context, line func(*Member, []byte) error, follow bool, members ...*Member) error {
	t := tail{line: line, offsets: make(map[string]int64)}
	if len(members) == 0 {
		members = n.Nodes
	}
	for {
		if err := t.copy(members); err != nil || !follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// tail passes on what is new in the nodes' logs.
type tail struct {
	line    func(*Member, []byte) error
	offsets map[string]int64 // how much of each file was passed on
}

// copy passes on all whole lines that have come since the last call.
func (t *tail) copy(members []*Member) error {
	for _, m := range members {
		for _, path := range m.LogFiles() {
			if err := t.copyFile(m, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tail) copyFile(m *Member, path string) (err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Seek(t.offsets[path], io.SeekStart); err != nil {
		return err
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	raw = raw[:bytes.LastIndexByte(raw, '\n')+1]
	t.offsets[path] += int64(len(raw))
	for line := range bytes.Lines(raw) {
		if err := t.line(m, line); err != nil {
			return err
		}
	}
	return nil
}
