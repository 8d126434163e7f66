package testnet

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTopologies(t *testing.T) {
	for _, test := range []struct {
		topology Topology
		nodes    []int
		want     []pair
	}{
		{Line, []int{0, 1, 2, 3}, []pair{{0, 1}, {1, 2}, {2, 3}}},
		{Ring, []int{0, 1, 2, 3}, []pair{{0, 1}, {0, 3}, {1, 2}, {2, 3}}},
		{Full, []int{0, 1, 2}, []pair{{0, 1}, {0, 2}, {1, 2}}},
		{Ring, []int{0, 1}, []pair{{0, 1}}},
		{Line, []int{3, 1}, []pair{{1, 3}}},
		{Full, []int{2}, nil},
	} {
		if got := test.topology.links(test.nodes); !slices.Equal(got, test.want) {
			t.Errorf("%s of %v: %v, expected %v", test.topology, test.nodes, got, test.want)
		}
	}
	groups, err := ParseGroups("0, 1/2,13")
	if want := [][]int{{0, 1}, {2, 13}}; err != nil || !reflect.DeepEqual(groups, want) {
		t.Errorf("%v (%v), expected %v", groups, err, want)
	}
	for _, text := range []string{"", "0/", "0,,1", "a/b"} {
		if groups, err := ParseGroups(text); err == nil {
			t.Errorf("%q was read as %v", text, groups)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"mine 3  --node\t0":  {"mine", "3", "--node", "0"},
		`up --seed "a b" -n`: {"up", "--seed", "a b", "-n"},
		`call x '{"a":""}'`:  {"call", "x", `{"a":""}`},
		`a''b '' "it's"`:     {"ab", "", "it's"},
		" ":                  nil,
	} {
		if got, err := splitWords(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q (%v), expected %q", line, got, err, want)
		}
	}
	if got, err := splitWords(`say "it`); err == nil {
		t.Errorf("an open quote was read as %q", got)
	}
}

// TestPlacesAreHeld takes the same place twice; the second taker gets another, until
// the first lets go.
func TestPlacesAreHeld(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // Nobody else's networks are to take what is free here.
	first, err := reserve(t.Name(), 2)
	if err != nil {
		t.Fatal(err)
	}
	second, err := reserve(t.Name(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := second.close(); err != nil {
			t.Error(err)
		}
	}()
	if first.prefix == second.prefix || first.port == second.port {
		t.Errorf("%+v and %+v are the same", first, second)
	}
	if again, err := reserveAgain(first.port); err != nil || again != nil {
		t.Errorf("%+v was taken while it was held (%v)", again, err)
	}

	// A child that has the file holds the place, too.
	child := exec.Command("sleep", "60")
	child.ExtraFiles = []*os.File{first.lock}
	p, err := spawn(child, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if again, err := reserveAgain(first.port); err != nil || again != nil {
		t.Errorf("%+v was taken while a child held it (%v)", again, err)
	}
	// A process of the same number that was started at another time is not ours.
	other := process{p.PID, p.Started + 1}
	if err := errors.Join(other.end(t.Context(), time.Second), other.kill()); err != nil || !p.alive() {
		t.Errorf("another's process was ended (%v)", err)
	}
	if err := p.end(t.Context(), time.Second); err != nil || p.alive() {
		t.Errorf("the child lives (%v)", err)
	}
	again, err := reserveAgain(first.port)
	if err != nil || again == nil || again.prefix != first.prefix || again.port != first.port {
		t.Fatalf("free again, the place is %+v (%v), was %+v", again, err, first)
	}
	if err := errors.Join(again.close(), waitChild(child)); err != nil {
		t.Error(err)
	}
}

// waitChild reads the end of a child that was ended by a signal.
func waitChild(child *exec.Cmd) error {
	err := child.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

func TestNodesAreToldByTheirHomes(t *testing.T) {
	homes := []string{"/n/node-0", "/n/node-1"}
	for line, want := range map[string]bool{
		"bytom-solo node --home /n/node-1 --chain_id solonet": true,
		"sh run.sh node --home /n/node-0":                     true,
		"bytom-solo front --home /n/node-1 --name front-1":    true,
		"bytom-solo node --home /n/node-2":                    false,
		"bytom-solo blocks --home /n/node-0":                  false,
		"bytom-solo node --home":                              false,
		"--home /n/node-0":                                    false,
	} {
		if got := runsDaemon(strings.Fields(line), homes); got != want {
			t.Errorf("%q: %v, expected %v", line, got, want)
		}
	}
}

// TestUpKeepsOthersFiles refuses directories that are not a network's.
func TestUpKeepsOthersFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Up(t.Context(), Config{Dir: dir, Nodes: 1, Solo: "true"})
	if err == nil || !strings.Contains(err.Error(), "give another --dir") {
		t.Errorf("up in a directory with files: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	// A program that ends at once is no node; the error shows what it said.
	_, err = Up(t.Context(), Config{Dir: filepath.Join(dir, "net"), Nodes: 1, Solo: "/bin/echo"})
	if err == nil || !strings.Contains(err.Error(), "node --home") {
		t.Errorf("up with a program that is none: %v", err)
	}
}
