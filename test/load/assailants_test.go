package load_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// assault says how an attack is made, and on what.
type assault struct {
	Attack           string
	RPC, Rigs, Peers string // addresses
	Connections      int
	Pause            time.Duration // between two things that one of them does; 0 is none
}

// assailantsVariable is set where this program is to attack.
const assailantsVariable = "BYTOM_SOLO_TEST_ASSAILANTS"

// TestMain has this program attack, if it is the process that should: in that of the honest ones they
// would wait for each other, whatever the node does.
func TestMain(m *testing.M) {
	if os.Getenv(assailantsVariable) == "" {
		os.Exit(m.Run())
	}
	if err := attackAsTold(os.Stdin, os.Stdout); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// attackAsTold reads assaults, a line of JSON each. Each is made until the next line, and then it is
// written how many things were done.
func attackAsTold(in io.Reader, out io.Writer) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var how assault
		if err := json.Unmarshal(lines.Bytes(), &how); err != nil {
			return err
		}
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == how.Attack })
		if i < 0 {
			return fmt.Errorf("there is no attack %q", how.Attack)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan int64)
		go func() { done <- attacks[i].launch(ctx, how) }()
		lines.Scan()
		stop()
		if _, err := fmt.Fprintln(out, <-done); err != nil {
			return err
		}
	}
	return nil
}

// assailants are a process that attacks.
type assailants struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

// newAssailants starts the process. It has the least priority, as assailants have machines of their own.
func newAssailants(t *testing.T) *assailants {
	t.Helper()
	cmd := exec.Command("nice", "-n", "19", os.Args[0])
	cmd.Env = append(os.Environ(), assailantsVariable+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the assailants: %v", err)
		}
	})
	return &assailants{t, in, bufio.NewReader(out)}
}

// begin makes an assault.
func (a *assailants) begin(how assault) {
	a.t.Helper()
	if err := json.NewEncoder(a.in).Encode(how); err != nil {
		a.t.Fatal(err)
	}
}

// end ends it, and tells how many things were done.
func (a *assailants) end() string {
	a.t.Helper()
	_, err := io.WriteString(a.in, "\n")
	text, readErr := a.out.ReadString('\n')
	if err != nil || readErr != nil {
		a.t.Fatalf("the assailants said %q: %v, %v", text, err, readErr)
	}
	return strings.TrimSpace(text)
}
