package browser_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// patience is how long a busy machine may take for what takes a moment.
const patience = time.Minute

// payee is whom blocks pay here; nobody has its key.
const payee = "sm1q2rpnle3nuyn6h68ah77fct9vyg5t4uyfdqrgj3"

// shownNode is a node on a port that it keeps over a restart.
type shownNode struct {
	*harness.Program
	home, address string
	more          []string
}

// startNode starts a node that mines a block when it is asked to.
func startNode(t testing.TB, more ...string) *shownNode {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &shownNode{home: t.TempDir(), address: l.Addr().String(), more: more}
	l.Close()
	n.start(t)
	return n
}

func (n *shownNode) start(t testing.TB) {
	t.Helper()
	args := append([]string{"--api_addr", n.address, "--solonet.tools", "--node_alias", "shed", "--mining.address", payee}, n.more...)
	n.Program = harness.Start(t, testnet.Solo(t), harness.SolonetArgs(n.home, args...)...)
	n.Client()
}

func (n *shownNode) page() string { return "http://" + n.address + node.PageRoute }

// mine has the node find blocks.
func (n *shownNode) mine(t testing.TB, blocks int) {
	t.Helper()
	if err := n.Client().Call(t.Context(), "/solonet-mine", map[string]int{"blocks": blocks}, nil); err != nil {
		t.Fatal(err)
	}
}

// read reads what a route answers.
func (n *shownNode) read(t testing.TB, route string, out any) {
	t.Helper()
	resp, err := http.Get("http://" + n.address + route)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatalf("%s: %v", route, err)
	}
}

// newBrowser starts Chromium, with a profile of its own, for as long as the test runs.
func newBrowser(t testing.TB) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		computetest.Require(t, "chromium", "it is not installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience), chromedp.Flag("disable-gpu-compositing", true))
	allocated, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, quit := chromedp.NewContext(allocated)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); quit(); end() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a tab of a browser, and what happened in it.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	said     []string // in the console
	requests []string
}

// newTab opens an empty tab, of a width and in a theme; the zero values leave both alone.
func newTab(t testing.TB, browser context.Context, width int64, theme string) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	p := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	p.run(command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{}),
		command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	if width > 0 {
		p.run(command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
		}), command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		}))
	}
	return p
}

// hear takes what happens in a tab.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			p.said = append(p.said, string(arg.Value))
		}
	case *runtime.EventExceptionThrown:
		p.said = append(p.said, e.ExceptionDetails.Text)
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			p.said = append(p.said, thrown.Description)
		}
	case *log.EventEntryAdded:
		p.said = append(p.said, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// command is a command of the browser's protocol as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// run takes steps that return nothing.
func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// before has each page that a tab opens run a script first.
func (p *tab) before(script string) {
	p.t.Helper()
	p.run(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

// open shows a node's page, and waits for its figures.
func (p *tab) open(n *shownNode) {
	p.t.Helper()
	p.run(chromedp.Navigate(n.page()))
	p.await(patience, `!!document.querySelector(".numbers")`)
}

// value is what an expression comes to in a tab.
func value[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}

// do has a tab run a script.
func (p *tab) do(script string) { value[bool](p, "{"+script+"}; true") }

// await waits until an expression is true, and says how long that took.
func (p *tab) await(within time.Duration, expression string) time.Duration {
	p.t.Helper()
	start := time.Now()
	for {
		if value[bool](p, expression) {
			return time.Since(start)
		}
		if time.Since(start) > within {
			p.t.Fatalf("after %v it is not so that %s:\n%s\n%q", within, expression, value[string](p, `document.body.innerText`), p.heard())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// heard is what the console has.
func (p *tab) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}

// checkSilent holds a tab to an empty console, and to one host.
func (p *tab) checkSilent(n *shownNode) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.said) > 0 {
		p.t.Errorf("the console has %q", p.said)
	}
	if len(p.requests) < 3 {
		p.t.Errorf("requests %q, expected some", p.requests)
	}
	for _, request := range p.requests {
		if u, err := url.Parse(request); err != nil || u.Host != n.address && u.Scheme != "data" && !strings.HasPrefix(request, "blob:") {
			p.t.Errorf("it asks %s", request)
		}
	}
}
