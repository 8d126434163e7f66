package testnet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// FrontMember is a front as a process: a server of rigs without a chain, of a network, or of a test
// alone. Its work is its nodes', and its shares are booked by the first of them.
type FrontMember struct {
	daemon
	Index int    `json:"index"`
	Name  string `json:"name"`
	// Key is what nodes know it by, in hexadecimal.
	Key string `json:"key"`
	// Stratum is the address for rigs, host:port.
	Stratum string `json:"stratum"`
	// Engine is the URL of what carries its messages, Nodes are its nodes, KEY@URL, and Payee is the
	// address that their work has to pay.
	Engine string   `json:"engine"`
	Nodes  []string `json:"nodes"`
	Payee  string   `json:"payee"`
}

// String names the front.
func (f *FrontMember) String() string { return fmt.Sprintf("%s (%s)", f.Name, f.URL) }

// makeKey draws the front's key, unless it has one.
func (f *FrontMember) makeKey() error {
	key, err := fleet.OpenKey(filepath.Join(f.Home, "front.key"))
	f.Key = key.Public().String()
	return err
}

// FleetKey is the key by which fronts know the node of a home, which need not have run yet.
func FleetKey(home string) (string, error) {
	key, err := fleet.OpenKey(filepath.Join(home, "mining", "fleet.key"))
	if err != nil {
		return "", err
	}
	return key.Public().String(), nil
}

// arguments is the command line.
func (f *FrontMember) arguments() []string {
	args := []string{
		"front", "--home", f.Home, "--chain_id", "solonet", "--name", f.Name, "--engine", f.Engine, "--node", strings.Join(f.Nodes, ","),
		"--mining.address", f.Payee, "--api_addr", f.URL[len("http://"):], "--auth.disable",
		"--stratum.listen", f.Stratum, "--stratum.start-difficulty", "1",
	}
	return append(args, f.Args...)
}

// start runs the front; with dies, until this process ends at the latest.
func (f *FrontMember) start(at *place, dies bool) error {
	if err := f.launch(f.arguments(), nil, at, dies); err != nil {
		return fmt.Errorf("start %s: %w", f, err)
	}
	return nil
}

// ready waits until the front serves rigs; where its node does not run, until it answers that it waits.
func (f *FrontMember) ready(ctx context.Context, node bool) error {
	return f.answers(ctx, f.String(), startLimit, func() error {
		if _, err := f.State(ctx); err != nil && (node || !errors.Is(err, errUnavailable)) {
			return fmt.Errorf("%w; its log ends: %s", err, f.logEnd(300))
		}
		return nil
	})
}

// FrontState is what a front says of itself, as far as it is looked at here.
type FrontState struct {
	// Height is that of the chain that its work builds on.
	Height uint64 `json:"height"`
	// NotReady is why it has no work; nil if it has.
	NotReady *string `json:"not_ready"`
	Faults   []struct {
		ID   string `json:"id"`
		What string `json:"what"`
	} `json:"faults"`
	Front struct {
		// Kept is how many shares and logins wait to be booked.
		Kept int `json:"shares_kept"`
		// Away is why the engine can't be reached; nil if it is.
		Away  *string `json:"engine_away"`
		Nodes []struct {
			Key    string `json:"key"`
			Served bool   `json:"served"`
			Height uint64 `json:"height"`
			Why    string `json:"why"`
		} `json:"nodes"`
	} `json:"front"`
}

// State asks the front. It answers from when it serves rigs.
func (f *FrontMember) State(ctx context.Context) (s FrontState, err error) {
	return s, f.get(ctx, "/mining/api/v1/status", &s)
}

// errUnavailable is a front's answer that it serves no rigs yet.
var errUnavailable = errors.New(http.StatusText(http.StatusServiceUnavailable))

// get reads JSON from the front's figures.
func (d *daemon) get(ctx context.Context, path string, out any) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL+path, nil)
	if err != nil {
		return err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%s%s: %w%s", d.URL, path, errUnavailable, told(resp.Body))
	default:
		return fmt.Errorf("%s%s: status %s%s", d.URL, path, resp.Status, told(resp.Body))
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// told is what the body of a refusal says, behind a colon; nothing if it says nothing.
func told(body io.Reader) string {
	var said struct {
		Error  string `json:"error"`
		Detail string `json:"error_detail"`
	}
	_ = json.NewDecoder(io.LimitReader(body, 4096)).Decode(&said) // A proxy's page says no more than its status.
	if why := cmp.Or(said.Detail, said.Error); why != "" {
		return ": " + why
	}
	return ""
}
