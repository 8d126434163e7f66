package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
)

// miner is what keys ask and command.
type miner interface {
	hashrates(out io.Writer) error
	results(out io.Writer) error
	// pause has it rest or mine again. It reports whether that is new.
	pause(on bool) (bool, error)
}

const keysHelp = "keys: h hashrate, p pause, r resume, s results, q or Ctrl-C stop, ? this help\n"

// watchKeys has keys at the terminal ask and command a miner until ctx ends. stop ends it.
func watchKeys(ctx context.Context, terminal io.Writer, log *slog.Logger, m miner, stop func()) {
	t := console.Of(terminal)
	if t.HasKeys() {
		fmt.Fprint(t, keysHelp)
	}
	t.Keys(ctx, func(key rune) {
		var text bytes.Buffer
		var err error
		switch key {
		case 'h':
			err = m.hashrates(&text)
		case 's':
			err = m.results(&text)
		case 'p', 'r':
			err = pause(log, m, key == 'p')
		case 'q':
			log.Info("stopping", "key", "q")
			stop()
		case '?':
			text.WriteString(keysHelp)
		}
		if err != nil {
			fmt.Fprintln(&text, err)
		}
		if text.Len() > 0 {
			_, _ = text.WriteTo(t) // At once, so that no line of the log comes between.
		}
	})
}

// pause is what the keys p and r do. It goes to the log, as whoever reads that wonders why
// there are no shares.
func pause(log *slog.Logger, m miner, on bool) error {
	changed, err := m.pause(on)
	switch {
	case err != nil:
		return err
	case changed && on:
		log.Info("mining is paused: the key r resumes it")
	case changed:
		log.Info("mining is resumed")
	case on:
		return errors.New("it is paused already: r resumes it")
	default:
		return errors.New("it is not paused")
	}
	return nil
}

// rigMiner is a rig.
type rigMiner struct{ *rig.Rig }

func (m rigMiner) hashrates(out io.Writer) error { return table.RigHashrates(out, m.Status()) }
func (m rigMiner) results(out io.Writer) error   { return table.RigResults(out, m.Status()) }

func (m rigMiner) pause(on bool) (bool, error) {
	if on {
		return m.Pause(), nil
	}
	return m.Resume(), nil
}

// nodeMiner is a node, once it is up.
type nodeMiner struct{ running *atomic.Pointer[node.Node] }

var errNotUp = errors.New("the node is not up yet")

func (m nodeMiner) hashrates(out io.Writer) error {
	n := m.running.Load()
	if n == nil {
		return errNotUp
	}
	return table.NodeHashrates(out, n.Devices(), n.Stats())
}

func (m nodeMiner) results(out io.Writer) error {
	n := m.running.Load()
	if n == nil {
		return errNotUp
	}
	return table.Prospects(out, n.Stats())
}

func (m nodeMiner) pause(on bool) (bool, error) {
	n := m.running.Load()
	if n == nil {
		return false, errNotUp
	}
	return n.Pause(on)
}
