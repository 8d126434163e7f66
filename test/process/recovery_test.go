//go:build linux || darwin

package process_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestEachFileDamaged damages each file of a node's home in each way. The node starts, or says what
// to do, which is then done; a file that no row of the table has fails the test.
func TestEachFileDamaged(t *testing.T) {
	if !computetest.Long() {
		t.Skip("a minute of a processor: BYTOM_SOLO_LONG=1 runs it; TestFilesDamaged has some of it")
	}
	newDamaging(t).each(t)
}

// each damages each file in each way, and looks what a start makes of it.
func (d *damaging) each(t *testing.T) {
	t.Helper()
	d.startWhole(t)
	for _, file := range files(t, d.home) {
		r := d.row(t, file)
		if r == nil {
			continue
		}
		for _, kind := range kinds() {
			if kind == "a bit" && r.anothers {
				continue
			}
			seeds := 1
			if kind == "a bit" {
				seeds = 5
			}
			for seed := range seeds {
				t.Run(file+"/"+kind, func(t *testing.T) { d.one(t, *r, file, kind, uint64(seed)) })
			}
		}
	}
}

// refusing are files for which a start ends, that TestFilesDamaged has: a start each.
var refusing = []string{"data/core.db/CURRENT", "mining/payouts.db"}

// TestFilesDamaged has one damage of most files: those that a start does not end for all at once, and
// some of the others one by one.
func TestFilesDamaged(t *testing.T) {
	t.Parallel() // It mostly waits.
	if computetest.Long() {
		t.Skip("TestEachFileDamaged has all of it")
	}
	newDamaging(t).some(t, refusing)
}

// some is a part of each: each file is zeros, or half of it is gone where that is another matter, of all that a
// start does not end for at once. Half of a database can be room to spare, which is no damage.
func (d *damaging) some(t *testing.T, refusing []string) {
	t.Helper()
	home := d.copy(t)
	var expected []func(text string) error
	for _, file := range files(t, d.home) {
		r := d.row(t, file)
		if r == nil || r.by["half"] == starts || strings.HasSuffix(file, ".log") {
			continue
		}
		kind := "half"
		if r.by["zeros"] == r.by["half"] {
			kind = "zeros"
		}
		if r.by[kind] == refuses {
			if slices.Contains(refusing, file) {
				one := d.copy(t)
				harm(t, filepath.Join(one, file), kind, 1)
				d.check(t, *r, file, kind, d.start(t, one))
			}
			continue
		}
		harm(t, filepath.Join(home, file), kind, 1)
		expected = append(expected, func(text string) error {
			if !saidOf(*r, file, text) {
				return fmt.Errorf("nothing is said of %s", file)
			}
			return nil
		})
	}
	got := d.start(t, home)
	for _, said := range expected {
		if err := said(got.text); err != nil || !got.up {
			t.Errorf("up %v: %v", got.up, err)
		}
	}
}

// damaging is a home whose copies are damaged.
type damaging struct {
	program, home string
	// args are the command line of a start with a home, up what is logged when it serves: with its URL.
	args  func(home string) []string
	up    *regexp.Regexp
	ask   func(t *testing.T, c testnet.Client) facts
	table []row
	whole facts // what the home has where nothing is damaged
}

func newDamaging(t *testing.T) *damaging {
	d := &damaging{
		program: testnet.Simulated(t), table: rows(), up: regexp.MustCompile(`msg="node is up".* rpc=(\S+)`), ask: ask,
		args: func(home string) []string { return append([]string{"node", "--home", home}, certified(home)...) },
	}
	d.home = newHome(t, d.program)
	return d
}

// startWhole starts the home with nothing damaged, and takes what it has.
func (d *damaging) startWhole(t *testing.T) {
	t.Helper()
	ran := d.start(t, d.copy(t))
	if !ran.up || ran.code != 0 {
		t.Fatalf("the whole home: exit %d: %s", ran.code, ran.text)
	}
	d.whole = ran.facts
	t.Logf("%+v", d.whole)
}

// row is that of a file.
func (d *damaging) row(t *testing.T, file string) *row {
	t.Helper()
	for i := range d.table {
		if d.table[i].files.MatchString(file) {
			return &d.table[i]
		}
	}
	t.Errorf("no row of the table has %s: what does a damage of it lead to?", file)
	return nil
}

func (d *damaging) copy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(dir, os.DirFS(d.home)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ran is how a run of a node went.
type ran struct {
	up    bool
	code  int
	text  string
	facts facts
}

// start runs a node until it is up, or has ended, and stops it.
func (d *damaging) start(t *testing.T, home string) (r ran) {
	t.Helper()
	var p *harness.Program
	harness.HeldToModes(t, func() { p = harness.Start(t, d.program, d.args(home)...) })
	var url []string
	testnet.Wait(t, 20*time.Second, func() error {
		if p.Ended() {
			return nil
		}
		if url = d.up.FindStringSubmatch(p.Text()); url == nil {
			return fmt.Errorf("it is neither up nor at an end: %s", p.Text())
		}
		r.up = true
		return nil
	})
	if r.up {
		r.facts = d.ask(t, testnet.Client{URL: url[1]})
		p.Signal(syscall.SIGTERM)
	}
	r.code, r.text = p.End(), p.Text()
	if strings.Contains(r.text, "panic") || strings.Contains(r.text, "goroutine ") {
		t.Errorf("it panics: %s", r.text)
	}
	return r
}

// one damages a file of a copy, starts that, and does what is said.
func (d *damaging) one(t *testing.T, r row, file, kind string, seed uint64) {
	home := d.copy(t)
	content, done := harm(t, filepath.Join(home, file), kind, seed)
	if !done {
		return
	}
	if r.silent != nil && content != nil && betweenRecords(content) {
		kind = "empty" // Of what follows nothing is left that could tell of it.
	}
	got := d.start(t, home)
	d.check(t, r, file, kind, got)
	d.checkKept(t, r, home, file, kind, content, got)
	if got.up || t.Failed() {
		return
	}
	advice := mend(t, r, d.home, home, file, kind)
	again := d.start(t, home)
	if !again.up || kind == unreadable && again.facts != d.whole {
		t.Errorf("after %s: exit %d, %+v, expected %+v: %s", advice, again.code, again.facts, d.whole, again.text)
	}
}

// checkKept looks for the damaged file, where a run said something of it. One that was opened before
// the damage was found is not to the byte what it was.
func (d *damaging) checkKept(t *testing.T, r row, home, file, kind string, content []byte, got ran) {
	t.Helper()
	if content == nil || r.rewritten || got.up && !saidOf(r, file, got.text) || kept(t, home, content) {
		return
	}
	if aside, _ := filepath.Glob(filepath.Join(home, file) + ".damaged-*"); len(aside) == 0 && (got.up || kind != "a bit") {
		t.Errorf("the damaged file is gone: %s", got.text)
	}
}

// check holds a run to a row.
func (d *damaging) check(t *testing.T, r row, file, kind string, got ran) {
	t.Helper()
	want, ok := r.by[kind]
	switch {
	case !ok && kind == unreadable:
		want = refuses
	case !ok:
		want = r.other
	}
	if kind == unreadable {
		r = r.ofAnother(want)
	}
	said := saidOf(r, file, got.text)
	if kind == "a bit" && !got.up && strings.Contains(got.text, file+": it is of another network") {
		return // It lay in the network's name.
	}
	switch {
	case got.up && got.code != 0, !got.up && got.code != 1:
		t.Errorf("exit %d: %s", got.code, got.text)
	case !got.up && !said:
		t.Errorf("it ends without a word of the file and of what to do (%v): %s", r.says, got.text)
	case (kind == "a bit" || kind == "half" && r.spare) && got.up && !said && got.facts == d.whole: // It lay where nothing was read.
	case got.up != (want != refuses), want == warns && !said:
		t.Errorf("up %v, expected %v and words like %v: %s", got.up, want, r.says, got.text)
	}
	expected, has := d.whole, got.facts
	if said && r.loses != nil {
		r.loses(&expected)
		r.loses(&has)
	}
	if kind == "empty" && r.silent != nil {
		r.silent(&expected)
		r.silent(&has)
	}
	if got.up && has != expected {
		t.Errorf("it has %+v, expected %+v: %s", got.facts, d.whole, got.text)
	}
}

// saidOf reports whether a line says what the row has, with the file's name.
func saidOf(r row, file, text string) bool {
	name := file
	if r.folder != "" {
		name = r.folder
	}
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "level=INFO") && r.says.MatchString(line) && (r.unnamed || strings.Contains(line, name)) {
			return true
		}
	}
	return false
}

// mend does what is said: it moves the file or the folder away, puts the copy in its place, or lets it be read.
func mend(t *testing.T, r row, whole, home, file, kind string) (done string) {
	t.Helper()
	if kind == unreadable {
		if err := os.Chmod(filepath.Join(home, file), 0o600); err != nil {
			t.Fatal(err)
		}
		return "letting it be read"
	}
	what := file
	if r.folder != "" {
		what = r.folder
	}
	if err := os.Rename(filepath.Join(home, what), filepath.Join(home, what+".damaged")); err != nil {
		t.Fatal(err)
	}
	if !r.needed {
		return "moving " + what + " away"
	}
	text, err := os.ReadFile(filepath.Join(whole, file))
	if err != nil {
		t.Fatal(err)
	}
	harness.WriteFile(t, filepath.Join(home, file), string(text), 0o600)
	return "putting a copy of " + what + " in its place"
}
