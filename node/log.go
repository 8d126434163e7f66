package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/bytom-solo/bytom-solo/logqueue"
)

// levels are the names of log levels: those that the stock node knows, which are
// logrus's.
var levels = map[string]slog.Level{
	"": slog.LevelInfo, "trace": slog.LevelDebug, "debug": slog.LevelDebug, "info": slog.LevelInfo,
	"warn": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError,
	"fatal": slog.LevelError, "panic": slog.LevelError,
}

// OpenLog opens the process's logger as the configuration says: one stream to
// terminal, and to files if asked. ReopenLog opens these again.
func (c *Config) OpenLog(terminal io.Writer) (*slog.Logger, error) {
	w := terminal
	if c.Bytom.LogFile != "" {
		files, err := openLogFiles(c.Bytom.LogDir(), time.Now, c.logger(terminal))
		if err != nil {
			return nil, fmt.Errorf("key log_file: value %q: expected a directory that can be written to: %w", c.Bytom.LogFile, err)
		}
		c.logFiles = files
		w = teeWriter{terminal, logqueue.New(files)}
	}
	return c.logger(w), nil
}

// ReopenLog has the log's files closed and opened again, if there are any.
func (c *Config) ReopenLog() {
	if c.logFiles != nil {
		c.logFiles.reopen()
	}
}

// logger writes to w what the configuration wants to see.
func (c *Config) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: levels[strings.ToLower(c.Bytom.LogLevel)]}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// ForwardBytomLog sends the entries of Bytom's own logger, which is one for the
// process, to log and to nowhere else. Bytom speaks at Info of every message, at
// Warn of every lost peer and at Error of what a client sent; here these are
// Debug, Debug and Warn.
func ForwardBytomLog(log *slog.Logger) {
	logrus.SetOutput(io.Discard)
	logrus.SetFormatter(discardFormatter{})
	// Its lower levels are formatted even where nobody listens.
	logrus.SetLevel(logrus.WarnLevel)
	if log.Enabled(context.Background(), slog.LevelDebug) {
		logrus.SetLevel(logrus.DebugLevel)
	}
	hooks := make(logrus.LevelHooks)
	hooks.Add(bytomHook{log})
	logrus.StandardLogger().ReplaceHooks(hooks)
}

type discardFormatter struct{}

func (discardFormatter) Format(*logrus.Entry) ([]byte, error) { return nil, nil }

type bytomHook struct{ log *slog.Logger }

// Levels satisfies logrus.Hook.
func (bytomHook) Levels() []logrus.Level { return logrus.AllLevels }

// ownModules are the parts of Bytom whose errors are never of a peer's or a
// client's making.
var ownModules = []string{"leveldb", "protocol", "wallet"}

// peerModules are the parts whose warnings are of peers' making, searchModules those
// that look for peers and often find none: a solonet has no seeds to ask.
var (
	peerModules   = []string{"p2p", "netsync", "p2pSecurity", "p2p/conn"}
	searchModules = []string{"discover", "mdns"}
)

// Fire satisfies logrus.Hook.
func (h bytomHook) Fire(e *logrus.Entry) error {
	module := fmt.Sprint(e.Data["module"])
	level := slog.LevelWarn
	switch {
	case e.Level >= logrus.InfoLevel,
		e.Level == logrus.WarnLevel && slices.Contains(peerModules, module),
		slices.Contains(searchModules, module),
		strings.HasSuffix(e.Message, "subscription channel closed"): // So it is at each stop.
		level = slog.LevelDebug
	case e.Level <= logrus.ErrorLevel && slices.Contains(ownModules, module):
		level = slog.LevelError
	}
	if !h.log.Enabled(context.Background(), level) {
		return nil
	}
	attrs := []slog.Attr{slog.String("from", "bytom")}
	for _, key := range slices.Sorted(maps.Keys(e.Data)) {
		// Some of Bytom's keys have stray blanks and colons.
		attrs = append(attrs, slog.String(strings.Trim(key, " :"), fmt.Sprint(e.Data[key])))
	}
	h.log.LogAttrs(context.Background(), level, strings.TrimSpace(e.Message), attrs...)
	return nil
}
