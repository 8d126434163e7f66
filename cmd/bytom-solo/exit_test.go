package main

import (
	"errors"
	"strings"
	"testing"
)

// exitCode is what the process would end with.
func exitCode(err error) int {
	own := (*exitError)(nil)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &own):
		return own.code
	}
	return 1
}

// askers are the command lines of all commands that ask a node, without the flags that say which.
func askers(t *testing.T) (all [][]string) {
	t.Helper()
	arguments := map[string]string{"HASH": strings.Repeat("77", 32), "NAME": "shed", "BLOCK": "7"}
	for cmd := range tree() {
		if cmd.HasSubCommands() || cmd.Flag("token") == nil || cmd.Flag("api_addr") == nil {
			continue
		}
		args := strings.Fields(cmd.CommandPath())[1:]
		for _, name := range strings.Fields(cmd.Use)[1:] {
			if strings.HasPrefix(name, "[") {
				break
			}
			if arguments[name] == "" {
				t.Fatalf("%s: no example of the argument %s", cmd.CommandPath(), name)
			}
			args = append(args, arguments[name])
		}
		all = append(all, args)
	}
	if len(all) < 15 {
		t.Fatalf("%d commands ask a node: %v", len(all), all)
	}
	return all
}

// TestAWrongCommandLineIsTold by the exit code, whichever command asks a node.
func TestAWrongCommandLineIsTold(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	check := func(want int, says string, args ...string) {
		t.Helper()
		if _, err := command(t, args...); exitCode(err) != want || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "5ec") {
			t.Errorf("%v: %v, exit code %d, expected %d and %q", args, err, exitCode(err), want, says)
		}
	}
	for _, args := range askers(t) {
		for _, address := range []string{"nonsense", "127.0.0.1:", "127.0.0.1:70000", "http://", "ftp://me:5ec@127.0.0.1:1", "http://me:5ec@[", "me:5ec@127.0.0.1:1"} {
			check(exitUsage, "--api_addr", append(args, "--api_addr", address)...)
		}
		check(exitUsage, "--token", append(args, "--api_addr", "127.0.0.1:1", "--token", "5ec")...)
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Setenv(tokenEnv, "5ec")
			check(exitUsage, tokenEnv, append(args, "--api_addr", "127.0.0.1:1")...)
		})
	}
	hash := strings.Repeat("77", 32)
	check(exitUsage, "--to", "journal", "resubmit", hash, "--to", "me:5ec@")
	check(exitUsage, "HASH", "journal", "show", "77")
	check(exitUsage, "--out", "backup", "--out", t.TempDir())
	check(exitUsage, "--format", "payouts", "export", "--format", "xml")
	check(1, "no node answers", "health", "--api_addr", "127.0.0.1:1")
}
