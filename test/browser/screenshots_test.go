package browser_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// TestScreenshots makes the pictures of the documentation, by `make screenshots`: a solonet
// with rigs, of which one leaves.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("BYTOM_SOLO_SCREENSHOTS")
	if folder == "" {
		t.Skip("it takes a while: BYTOM_SOLO_SCREENSHOTS=FOLDER makes the pictures, after BYTOM_SOLO_SCREENSHOTS_AFTER, 12m, of mining")
	}
	after, err := time.ParseDuration(os.Getenv("BYTOM_SOLO_SCREENSHOTS_AFTER"))
	if err != nil {
		after = 12 * time.Minute
	}
	browser := newBrowser(t)
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	runRigs(t, n, after)
	for _, size := range []struct {
		name  string
		width int64
	}{{"phone", 390}, {"desktop", 1280}} {
		for _, theme := range []string{"light", "dark"} {
			p := newTab(t, browser, size.width, theme)
			p.open(n)
			p.await(patience, `!!document.querySelector("canvas")`)
			// The chart is drawn a moment later.
			time.Sleep(time.Second)
			p.save(size.width, "", filepath.Join(folder, fmt.Sprintf("page-%s-%s.png", size.name, theme)))
			p.run(command(page.Close, cdp.Empty{}))
		}
	}
}

// save makes a picture of a page, or of the element of a selector.
func (p *tab) save(width int64, selector, path string) {
	p.t.Helper()
	picture, err := smaller(p.picture(width, cmp.Or(selector, "html")))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("%s: %d bytes", path, len(picture))
}

// picture is all of an element, and what stands beside it.
func (p *tab) picture(width int64, selector string) []byte {
	p.t.Helper()
	whole, scale := true, 1.0
	box := value[[]float64](p, fmt.Sprintf(`((r) => [r.top + scrollY, r.height])(document.querySelector(%q).getBoundingClientRect())`, selector))
	shot, err := chromedp.Run(p.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &whole, Clip: &page.Viewport{Y: box[0], Width: float64(width), Height: box[1], Scale: scale},
		})
		return r.Data, err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return shot
}

// runRigs has rigs mine for a node for a while, and until the test ends.
func runRigs(t *testing.T, n *shownNode, while time.Duration) {
	t.Helper()
	solver := harness.NewSolver(t)
	front := n.Await(`msg="node is up".* stratum=stratum\+tcp://(\S+)`)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	for i, r := range []struct {
		name  string
		rate  float64
		stays float64 // part of the time
	}{{"shed.rig1", 0.5, 9}, {"shed.rig2", 0.45, 9}, {"shed.rig3", 0.4, 9}, {"attic.gpu", 0.6, 9}, {"attic.old", 0.15, 0.7}, {"barn.rig1", 0.35, 9}} {
		rig := fakerig.New(fakerig.Config{
			Address: front, Name: r.name, Dialect: fakerig.Plain, Rate: r.rate, Random: rand.New(rand.NewPCG(1, uint64(i))),
			Faults: fakerig.Faults{Stale: 0.01}, Hash: solver.Verifier.Hash,
		})
		own, leave := context.WithTimeout(ctx, time.Duration(r.stays*float64(while)))
		running.Go(func() { defer leave(); rig.Run(own) })
	}
	time.Sleep(while)
}
