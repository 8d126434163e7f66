package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// junkMost is how many lines in a row may make no sense before the server is taken for
// something else.
const junkMost = 10

// read takes the server's lines until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	in := wire.NewReader(c.conn)
	for {
		// Where that fails, the read does too, and knows why.
		_ = c.conn.SetReadDeadline(time.Now().Add(c.cfg.SilentTimeout))
		line, err := in.ReadLine()
		if err == nil {
			err = c.receive(line)
		}
		if err != nil {
			c.end(fmt.Errorf("%w: %w", ErrLost, err))
			return
		}
	}
}

// receive takes a line: one message, or several without a line's end between them. An
// error means that the connection is good for nothing.
func (c *Client) receive(line []byte) error {
	if !c.spoken {
		c.spoken, c.foreign = true, foreign(line)
	}
	for d := json.NewDecoder(bytes.NewReader(line)); d.More(); {
		var text json.RawMessage
		err := d.Decode(&text)
		if err == nil {
			err = c.take(text)
		}
		if err == nil {
			c.junk = 0
			continue
		}
		c.odd("the server sent something odd", err)
		if c.junk++; c.junk >= junkMost {
			return fmt.Errorf("%w: %w", ErrNotStratum, err)
		}
		if text == nil {
			return nil // The rest of the line is lost.
		}
	}
	return nil
}

// oddMost is how many odd messages a session logs as warnings: a server may send one
// after the other.
const oddMost = 5

// odd logs what is wrong with the server. It is of the read loop.
func (c *Client) odd(what string, err error) {
	level := slog.LevelWarn
	if c.odds++; c.odds > oddMost || c.foreign != nil {
		level = slog.LevelDebug
	}
	c.cfg.Log.Log(context.Background(), level, what, "error", err, "so_far", c.odds)
}

// take handles one message. The error says what is wrong with it.
func (c *Client) take(text []byte) error {
	m, err := wire.ParseMessage(text)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.heard = time.Now()
	c.mu.Unlock()
	switch {
	case m.Method == wire.MethodJob && absent(m.Params):
		c.give(nil, errNoJob)
		return nil
	case m.Method == wire.MethodJob:
		return c.readJob(m.Params)
	case m.Method != "":
		c.cfg.Log.Debug("the server sent a method that rigs do not know", "method", wire.Excerpt([]byte(m.Method)))
		return nil
	case absent(m.ID) && absent(m.Result) && m.Error == nil:
		return fmt.Errorf("server sent %s, expected a reply or a job", wire.Excerpt(text))
	}
	// The job goes first: who waits for the reply may look for it at once.
	if job := m.JobText(); job != nil {
		err = c.readJob(job)
	}
	if absent(m.ID) && m.Error != nil && m.Error.Kind() == wire.RefusedNoWork && !c.expectsJob() {
		c.give(nil, m.Error)
	} else if p := c.callOf(m); p != nil {
		p.reply <- m
	} else if m.Error != nil {
		c.odd("the server reports an error", m.Error)
	}
	return err
}

// absent reports whether a member is missing or null.
func absent(text json.RawMessage) bool { return text == nil || bytes.Equal(text, []byte("null")) }

// callOf finds whose reply a message is, and removes it from those that wait. A reply
// without an id is the oldest request's: they are answered in order.
func (c *Client) callOf(m wire.Message) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) == 0 {
		return nil
	}
	id, err := strconv.ParseUint(string(bytes.Trim(m.ID, `"`)), 10, 64)
	if absent(m.ID) {
		if m.Error == nil && m.JobText() != nil && !c.waitsForJob() {
			return nil // A push of some pools.
		}
		var ids []uint64
		for waiting := range c.calls {
			ids = append(ids, waiting)
		}
		id, err = slices.Min(ids), nil
	}
	p := c.calls[id]
	if err != nil || p == nil {
		return nil
	}
	delete(c.calls, id)
	c.answered = c.answered || p.method == wire.MethodSubmit
	return p
}

// expectsJob is waitsForJob for who does not hold mu.
func (c *Client) expectsJob() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waitsForJob()
}

// waitsForJob reports whether a request is on its way whose reply may have a job. The
// caller holds mu.
func (c *Client) waitsForJob() bool {
	for _, p := range c.calls {
		if p.method != wire.MethodSubmit {
			return true
		}
	}
	return false
}

// readJob gives a job to whoever receives from Jobs.
func (c *Client) readJob(text json.RawMessage) error {
	job := new(wire.Job)
	if err := json.Unmarshal(text, job); err != nil {
		return err
	}
	if job.Version != 1 {
		return fmt.Errorf("job's version is %d, expected 1", job.Version)
	}
	job.Nonce = c.order.read(job.Nonce)
	c.give(job, nil)
	return nil
}

// errNoJob means that a server has sent a job without anything in it.
var errNoJob = errors.New("the server sent an empty job")
