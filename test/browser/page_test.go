package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/bytom-solo/bytom-solo/node"
)

// newestBlock is the height at the top of the list of found blocks.
const newestBlock = `(document.querySelector(".block .name")?.innerText ?? "").replace(/\D/g, "")`

// latestBlocks are those that a node says it found, the latest first.
func latestBlocks(t *testing.T, n *shownNode) (list node.FoundStatsList) {
	t.Helper()
	n.read(t, node.StatsBlocksRoute+"?last=20", &list)
	return list
}

// TestABlockIsShownAtOnce has a node find ten blocks, and takes the time from when the chain
// had each to when the page did. One of them may meet a busy machine.
func TestABlockIsShownAtOnce(t *testing.T) {
	p := newTab(t, newBrowser(t), 0, "")
	n := startNode(t)
	p.open(n)
	p.do(`window.seen = {}; new MutationObserver(() => { const h = ` + newestBlock + `; if (h && !seen[h]) seen[h] = Date.now(); })
		.observe(document.body, {subtree: true, childList: true, characterData: true})`)
	const blocks = 10
	for i := range blocks {
		n.mine(t, 1)
		p.await(patience, fmt.Sprintf(`%s === "%d"`, newestBlock, i+1))
	}
	seen := value[map[uint64]int64](p, `seen`)
	late := 0
	for _, b := range latestBlocks(t, n).Blocks {
		var had time.Time
		for _, e := range b.Block.Events {
			if e.State == "main" {
				had = e.At
			}
		}
		took := time.UnixMilli(seen[b.Block.Height]).Sub(had)
		t.Logf("block %d: %v", b.Block.Height, took)
		if had.IsZero() || seen[b.Block.Height] == 0 || took > 500*time.Millisecond {
			late++
		}
	}
	if len(seen) != blocks || late > 1 {
		t.Errorf("%d of %d blocks were shown, %d later than 500 ms", len(seen), blocks, late)
	}
	p.checkSilent(n)
}

// TestAStoppedNodeIsNoticed stops a node, by a signal and by a kill, and starts it again.
func TestAStoppedNodeIsNoticed(t *testing.T) {
	p := newTab(t, newBrowser(t), 0, "")
	n := startNode(t)
	n.mine(t, 3)
	p.open(n)
	p.await(patience, newestBlock+` === "3"`)
	for i, signal := range []os.Signal{os.Interrupt, os.Kill} {
		n.Signal(signal)
		n.End()
		const lost = `/^No contact since \d\d:\d\d:\d\d$/m.test(document.querySelector(".band").innerText)`
		took := p.await(10*time.Second, lost)
		t.Logf("%v: noticed after %v", signal, took)
		if took > 5*time.Second {
			t.Errorf("%v: noticed after %v, expected 5 s at most", signal, took)
		}
		if filter := value[string](p, `getComputedStyle(document.querySelector(".number")).filter`); filter != "grayscale(1)" {
			t.Errorf("the figures are shown with the filter %q", filter)
		}
		if since := value[string](p, `document.querySelector(".says").innerText`); !strings.Contains(since, time.Now().Format("15:")) && !strings.Contains(since, time.Now().Add(-time.Minute).Format("15:")) {
			t.Errorf("it says %q", since)
		}
		n.start(t)
		n.mine(t, 2)
		p.await(patience, fmt.Sprintf(`%s === "%d" && !document.querySelector(".band.lost, .stale")`, newestBlock, 5+2*i))
		shown := value[[]uint64](p, `[...document.querySelectorAll(".block .name")].map((e) => +e.innerText.replace(/\D/g, ""))`)
		for i, b := range latestBlocks(t, n).Blocks {
			if i >= len(shown) || shown[i] != b.Block.Height {
				t.Errorf("the page shows the blocks %v, the node has %d at %d", shown, b.Block.Height, i)
			}
		}
	}
}

// TestTenTabs has ten tabs of a browser show a block, by one stream.
func TestTenTabs(t *testing.T) {
	browser := newBrowser(t)
	n := startNode(t)
	var tabs []*tab
	for range 10 {
		p := newTab(t, browser, 0, "")
		p.open(n)
		tabs = append(tabs, p)
	}
	for height := range 3 {
		n.mine(t, 1)
		for _, p := range tabs {
			p.await(patience, fmt.Sprintf(`%s === "%d"`, newestBlock, height+1))
		}
	}
	if open := streams(t, n); open != "1" {
		t.Errorf("%s streams, expected one", open)
	}
	for _, p := range tabs {
		p.checkSilent(n)
	}
}

// streams is how many streams of events a node has open.
func streams(t *testing.T, n *shownNode) string {
	t.Helper()
	resp, err := http.Get("http://" + n.address + node.MetricsRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "bytom_solo_page_streams "); ok {
			return strings.TrimSpace(number)
		}
	}
	return "none"
}

// TestAHiddenTabReadsNothing: a stream is for who looks, in browsers with a worker that tabs
// share and in those without.
func TestAHiddenTabReadsNothing(t *testing.T) {
	n := startNode(t)
	browser := newBrowser(t)
	await := func(t *testing.T, want string) {
		t.Helper()
		for deadline := time.Now().Add(patience); streams(t, n) != want; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s streams, expected %s", streams(t, n), want)
			}
		}
	}
	for i, before := range []string{"", "delete window.SharedWorker"} {
		p := newTab(t, browser, 0, "")
		p.before(before)
		p.open(n)
		hide := func(hidden bool) {
			p.do(fmt.Sprintf(`Object.defineProperty(document, "hidden", {value: %v, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`, hidden))
		}
		await(t, "1")
		hide(true)
		await(t, "0")
		n.mine(t, 2)
		hide(false)
		await(t, "1")
		p.await(patience, fmt.Sprintf(`%s === "%d" && document.querySelectorAll(".block").length === %[2]d`, newestBlock, 2*i+2))
		p.checkSilent(n)
		p.run(command(page.Close, cdp.Empty{}))
		await(t, "0")
	}
}

// TestWhatIsWrongIsShown has a node that does not know whom to pay, and then does. Nothing is
// shown as broken that is not listed as a fault.
func TestWhatIsWrongIsShown(t *testing.T) {
	p := newTab(t, newBrowser(t), 0, "")
	n := startNode(t, "--mining.address", "")
	p.open(n)
	p.await(patience, `!!document.querySelector(".band.bad") && document.querySelector(".faults").innerText.includes("--mining.address")`)
	var s node.Stats
	n.read(t, node.StatusRoute, &s)
	if shown := value[[]string](p, `[...document.querySelectorAll(".faults b")].map((f) => f.innerText)`); len(s.Faults) != 1 || len(shown) != 1 || shown[0] != s.Faults[0].What+"." {
		t.Errorf("the page shows %q, the node lists %+v", shown, s.Faults)
	}
	if err := n.Client().Call(t.Context(), "/set-mining-address", map[string]string{"mining_address": payee}, nil); err != nil {
		t.Fatal(err)
	}
	p.await(patience, `!document.querySelector(".band.bad, .band.warn, .faults") && document.querySelector(".band").innerText.includes("`+payee+`")`)
	if n.read(t, node.StatusRoute, &s); len(s.Faults) > 0 {
		t.Errorf("the node lists %+v", s.Faults)
	}
	p.checkSilent(n)
}

// TestCopyByKeyboard takes the rigs' address to the clipboard.
func TestCopyByKeyboard(t *testing.T) {
	p := newTab(t, newBrowser(t), 0, "")
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	p.open(n)
	front := n.Await(`msg="node is up".* stratum=(\S+)`)
	p.do(`document.querySelector(".connect button").focus(); navigator.clipboard.writeText = async (text) => { window.copied = text; }`)
	p.run(chromedp.KeyEvent(kb.Enter))
	p.await(patience, fmt.Sprintf(`window.copied === %q && document.querySelector(".connect button").innerText === "Copied"`, front))
	p.checkSilent(n)
}
