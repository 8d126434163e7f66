package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// requests are what the manual page may ask of troff.
var requests = regexp.MustCompile(`^\.(TH BYTOM\\-SOLO 1 .*|SH [A-Z ]+|SS bytom\\-solo .*|PP|TP|nf|fi)$`)

// read is what troff makes of the text of a manual page.
var read = strings.NewReplacer(`\e`, `\`, `\-`, "-", `\(aq`, "'", `\(ga`, "`", `\(ha`, "^", `\(ti`, "~", `\(dq`, `"`, `\&`, "")

// spelt is how the page has what not every terminal can show.
var spelt = strings.NewReplacer("…", "...", "×", "x")

// TestManualSaysWhatHelpSays finds each command, each line of its help and each flag on the
// manual page, in ASCII, and no line that troff would take for a request.
func TestManualSaysWhatHelpSays(t *testing.T) {
	raw, err := commandLine(t, "manual")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for line := range strings.Lines(raw) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, ".") {
			if !requests.MatchString(line) {
				t.Errorf("request %q", line)
			}
			line, _ = strings.CutPrefix(line, ".SS ")
		} else if !strings.HasPrefix(line, `\&`) {
			t.Errorf("line %q", line)
		}
		if plain := read.Replace(line); regexp.MustCompile(`[^ -~]|\\[[(]`).MatchString(plain) || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("not to be read: %q", line)
		}
		text.WriteString(read.Replace(line) + "\n")
	}
	page := text.String()
	says := func(where, want string) {
		if want = spelt.Replace(strings.TrimSpace(want)); !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", where, want)
		}
	}
	for cmd, path := range tree() {
		if len(path) > 0 && cmd.IsAvailableCommand() {
			says(cmd.CommandPath(), "\n"+invocation(cmd)+"\n")
		}
		if !cmd.IsAvailableCommand() && len(path) > 0 {
			continue // help
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			says(cmd.CommandPath(), line)
		}
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				_, use := pflag.UnquoteUsage(f)
				says(cmd.CommandPath(), "--"+f.Name)
				says(cmd.CommandPath(), use)
			}
		})
	}
}

// TestManualIsTheSameForAll: who prints it, and where that one keeps files, is not in it.
func TestManualIsTheSameForAll(t *testing.T) {
	pages := make(map[string]bool)
	for _, home := range []string{t.TempDir(), "/home/somebody else"} {
		for _, cache := range []string{"", home + "/kept"} {
			t.Setenv("HOME", home)
			t.Setenv("XDG_CACHE_HOME", cache)
			page, err := commandLine(t, "manual")
			if err != nil || !strings.Contains(page, `\(ti/.bytom`) || !strings.Contains(page, `\(ti/.cache/bytom\-solo`) {
				t.Errorf("%v: %s", err, page)
			}
			pages[page] = true
		}
	}
	if len(pages) != 1 {
		t.Errorf("%d different pages", len(pages))
	}
}
