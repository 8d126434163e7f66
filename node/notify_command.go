package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// commandTime is how long a command may take for an event.
	commandTime = 30 * time.Second
	// commandWord is how much of what it writes is repeated if it fails, in bytes.
	commandWord = 300
)

// newCommandNotifier has a command run for each notification, one after the other. The
// command is a program and its arguments; a shell is what the operator writes.
func newCommandNotifier(command string, log *slog.Logger) (*notifier, error) {
	n := &notifier{what: "command", tries: 1, queue: make(chan Notification, notifyQueue), log: log}
	if command == "" {
		return n, nil
	}
	args, err := splitCommand(command)
	if err == nil && len(args) == 0 {
		err = errors.New("it is empty")
	}
	if err == nil {
		args[0], err = exec.LookPath(args[0])
	}
	if err != nil {
		return nil, fmt.Errorf("key notify.command: expected a program that can be run, and its arguments: %w", err)
	}
	n.do = func(ctx context.Context, note Notification) error { return runCommand(ctx, args, note, commandTime) }
	return n, nil
}

// splitCommand takes a command apart at blanks outside of quotes. Within '…' all stands for
// itself, within "…" and outside a backslash takes the meaning of the next character.
func splitCommand(text string) (args []string, err error) {
	var word strings.Builder
	in, quote, escaped := false, rune(0), false
	for _, c := range text {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			in, escaped = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			in, quote = true, c
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if in {
				args = append(args, word.String())
			}
			word.Reset()
			in = false
		default:
			in = true
			word.WriteRune(c)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote does not end")
	}
	if in {
		args = append(args, word.String())
	}
	return args, nil
}

// runCommand runs a command for a notification, which it gets as JSON on its standard input,
// and by parts in its environment. It and what it has started end with ctx, or after the
// limit.
func runCommand(ctx context.Context, args []string, note Notification, limit time.Duration) error {
	input, err := json.Marshal(note)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(plainEnvironment(), note.environment()...)
	cmd.Stdin = bytes.NewReader(append(input, '\n'))
	word := &lastBytes{most: commandWord}
	cmd.Stdout, cmd.Stderr = word, word
	cmd.WaitDelay = time.Second
	endWithGroup(cmd)
	err = cmd.Run()
	endGroup(cmd)
	switch said := strings.TrimSpace(string(word.kept)); {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("the command was stopped after %v", limit)
	case said != "":
		return fmt.Errorf("the command failed: %w: %s", err, said)
	}
	return fmt.Errorf("the command failed: %w", err)
}

// plainEnvironment is the node's own, without its settings: there may be secrets among them,
// as the wallet's password.
func plainEnvironment() (env []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TM_") && !strings.HasPrefix(entry, "BYTOM_SOLO_") {
			env = append(env, entry)
		}
	}
	return env
}

// environment is the notification for programs that do not read JSON.
func (note *Notification) environment() []string {
	env := []string{
		"BYTOM_SOLO_EVENT=" + note.Event, "BYTOM_SOLO_AT=" + note.At.UTC().Format(time.RFC3339), "BYTOM_SOLO_NETWORK=" + note.Network,
		"BYTOM_SOLO_NODE=" + note.Node, "BYTOM_SOLO_DETAIL=" + note.Detail,
	}
	if note.Rig != nil {
		env = append(env, "BYTOM_SOLO_RIG="+note.Rig.Rig)
	}
	if note.Fault != nil {
		env = append(env, "BYTOM_SOLO_FAULT="+note.Fault.ID)
	}
	if note.Block != nil {
		env = append(env, fmt.Sprintf("BYTOM_SOLO_HEIGHT=%d", note.Block.Height), "BYTOM_SOLO_HASH="+note.Block.Hash)
	}
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], "\x00", "") // A rig may be called anything.
	}
	return env
}

// lastBytes keeps the end of what is written.
type lastBytes struct {
	most int
	kept []byte
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.kept = append(l.kept, p...)
	l.kept = append([]byte(nil), l.kept[max(0, len(l.kept)-l.most):]...)
	return len(p), nil
}
