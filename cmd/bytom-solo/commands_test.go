package main

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandLine runs a command line, and gives what it prints and its error, which must be
// of kind exitUsage if there is one.
func commandLine(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(&out, io.Discard)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	var own *exitError
	if err != nil && (!errors.As(err, &own) || own.code != exitUsage) {
		t.Errorf("%v: %v, expected exit code %d", args, err, exitUsage)
	}
	return out.String(), err
}

// command runs our command line in this process, and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(&out, t.Output())
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// refused checks that a command line fails, and says why.
func refused(t *testing.T, args []string, says ...string) {
	t.Helper()
	_, err := commandLine(t, args...)
	for _, want := range says {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, expected an error that says %q", args, err, want)
		}
	}
}

// tree are the commands that a user sees, each with its path.
func tree() map[*cobra.Command][]string {
	all := make(map[*cobra.Command][]string)
	walk(newRoot(io.Discard, io.Discard), func(cmd *cobra.Command) {
		if !cmd.Hidden {
			all[cmd] = strings.Fields(cmd.CommandPath())[1:]
		}
	})
	return all
}

// TestNoCommandIsMisspelt has each group refuse a child that it does not have, with what
// there is, and each command an argument too few or too many, by its name.
func TestNoCommandIsMisspelt(t *testing.T) {
	groups := 0
	for cmd, path := range tree() {
		with := func(args ...string) []string { return append(append([]string{}, path...), args...) }
		if !cmd.HasSubCommands() {
			var args []string
			for _, name := range strings.Fields(cmd.Use)[1:] {
				if !strings.HasPrefix(name, "[") { // FILE] is missing where what stands before it is there.
					refused(t, with(args...), "argument "+strings.Trim(name, "…]")+" is missing", cmd.CommandPath())
				}
				args = append(args, "1")
			}
			if !strings.Contains(cmd.Use, "…") {
				refused(t, with(append(args, "more")...), `unexpected argument "more"`)
			}
			continue
		}
		groups++
		refused(t, with("xyzzy"), `unknown command "xyzzy"`, "expected one of")
		refused(t, append([]string{"help"}, with("xyzzy")...), `unknown command "xyzzy"`, "expected one of")
		for _, child := range cmd.Commands() {
			if !child.IsAvailableCommand() { // help, to cobra
				continue
			}
			name := child.Name()
			misspelt := name[:1] + name + name[1:2] // "hheighte"
			refused(t, with(misspelt, "77"), "unknown command", "did you mean", name)
			refused(t, with(misspelt, "77", "--xyzzy"), "unknown command", "did you mean", name)
		}
		if len(path) > 0 && cmd.Annotations["group"] != "" {
			refused(t, path, "which command?")
		}
	}
	if groups < 7 {
		t.Errorf("%d groups of commands", groups)
	}
	if sign, _, err := newRoot(io.Discard, io.Discard).Find([]string{"payouts", "sign"}); err != nil || checkArguments(sign, nil) != nil || checkArguments(sign, []string{"1", "2"}) != nil {
		t.Errorf("%s refuses none or both of its arguments: %v, %v", sign.Use, err, checkArguments(sign, nil))
	}
	refused(t, []string{"testnet", "assert", "heigth", "77"}, "did you mean height?")
	refused(t, []string{"node", "--minnig"}, "did you mean --mining?")
	refused(t, []string{"testnet", "assert", "height", "77", "--wiat", "5s"}, "did you mean --wait?")
	for args, want := range map[string]string{
		"node --mining.threads many":        `flag --mining.threads: value "many": expected a whole number`,
		"node --mining=perhaps":             `flag --mining: value "perhaps": expected true or false`,
		"testnet assert pool 0 --wait soon": `flag --wait: value "soon": expected a time such as 30s, 5m or 1h`,
		"node --wallet.max_tx_fee -1":       `expected a whole number from 0 on`,
	} {
		refused(t, strings.Fields(args), want)
	}
	if out, err := runStep(t.Context(), t.TempDir(), []string{"assert", "heigth", "77"}); err == nil || !strings.Contains(err.Error(), "did you mean height?") {
		t.Errorf("as a step of a scenario: %v: %s", err, out)
	}
	if out, err := commandLine(t); err != nil || !strings.Contains(out, "Available Commands") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := commandLine(t, "help", "testnet", "assert"); err != nil || !strings.Contains(out, "tip-equal") || strings.Contains(out, "assert [flags]") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestHelpTellsAll has each command say what it does and how it is called, and each flag
// show itself, with what it is for. Its default is what pflag prints, which is what the
// command begins with; a text that names another is wrong sooner or later, and what pflag
// leaves out, 0, is to be explained.
func TestHelpTellsAll(t *testing.T) {
	example := regexp.MustCompile(`\(\d|\bdefault\b.*\d`)
	for cmd := range tree() {
		if cmd.Short == "" || !unicode.IsUpper([]rune(cmd.Short)[0]) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if strings.Contains(cmd.Use, " ") && cmd.Example == "" {
			t.Errorf("%s has arguments and no example", cmd.CommandPath())
		}
		if example.MatchString(cmd.Short) {
			t.Errorf("%s: %q looks like a default", cmd.CommandPath(), cmd.Short)
		}
		check := func(f *pflag.Flag) {
			where := cmd.CommandPath() + " --" + f.Name
			if f.Hidden || f.Usage == "" {
				t.Errorf("%s is hidden, or its use is", where)
			}
			if example.MatchString(strings.ReplaceAll(f.Usage, "(10^-8)", "")) {
				t.Errorf("%s: %q looks like a default", where, f.Usage)
			}
			if f.Value.String() != f.DefValue {
				t.Errorf("%s: the default is %s, the help says %s", where, f.Value, f.DefValue)
			}
			if number := strings.Trim(f.Value.Type(), "0123456789"); f.DefValue == "0" && number != "duration" &&
				!strings.Contains(f.Usage, "0 ") && !strings.Contains(f.Usage, "from 0 on") {
				t.Errorf("%s: %q does not tell what 0 is, the default", where, f.Usage)
			}
		}
		cmd.NonInheritedFlags().VisitAll(check)
	}
}

// TestZeroIsNoDefault has what begins with a number above 0 refuse 0, which would stand for
// that number in silence.
func TestZeroIsNoDefault(t *testing.T) {
	for _, args := range []string{
		"bench --rounds 0", "bench --turn 0s", "bench --threads 0", "testnet flood 3 --rate 0", "testnet flood 3 --chain-depth 0",
		"testnet rigs add --rate 0", "rig -o stratum+tcp://127.0.0.1:1 --return 0s",
	} {
		fields := strings.Fields(args)
		if _, err := commandLine(t, fields...); err == nil || !strings.Contains(err.Error(), "flag "+fields[len(fields)-2]+": value") {
			t.Errorf("%s: %v", args, err)
		}
	}
}
