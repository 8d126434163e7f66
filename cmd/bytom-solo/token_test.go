package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheHomesTokens makes a token where no node runs.
func TestTheHomesTokens(t *testing.T) {
	t.Setenv("LISTEN", "127.0.0.1:1")
	t.Setenv("HOME", t.TempDir())
	home := filepath.Join(os.Getenv("HOME"), ".bytom")
	run := func(args ...string) (out, says string, err error) {
		var o, s bytes.Buffer
		root := newRoot(&o, &s)
		root.SetArgs(args)
		err = root.ExecuteContext(t.Context())
		return o.String(), s.String(), err
	}
	if out, _, err := run("token", "create", "shed"); err == nil || out != "" || !strings.Contains(err.Error(), "no node has run in the home directory "+home) {
		t.Errorf("%q, %v", out, err)
	}
	if err := os.MkdirAll(filepath.Join(home, "data", "accesstoken.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, says, err := run("token", "create", "shed"); err != nil || !strings.HasPrefix(out, "shed:") || !strings.Contains(says, home) {
		t.Errorf("%q, %q, %v", out, says, err)
	}
	if out, says, err := run("token", "list", "--home", home); err != nil || !strings.Contains(out, "shed") || says != "" {
		t.Errorf("%q, %q, %v", out, says, err)
	}
}
