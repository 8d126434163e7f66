package browser_test

import (
	"context"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// firstView is the time from a visit to the figures, in milliseconds, with nothing in the
// browser's cache.
func firstView(t testing.TB, browser context.Context, n *shownNode) float64 {
	t.Helper()
	p := newTab(t, browser, 1280, "light")
	p.run(command(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))
	p.before(`new MutationObserver(() => {
		if (document.querySelector(".numbers")) requestAnimationFrame(() => { window.firstView ||= performance.now(); });
	}).observe(document, {subtree: true, childList: true});`)
	p.open(n)
	p.await(patience, `!!window.firstView`)
	took := value[float64](p, `window.firstView`)
	p.run(command(page.Close, cdp.Empty{}))
	return took
}

// TestFirstView visits a node. The fastest of ten visits counts: others share the machine.
func TestFirstView(t *testing.T) {
	browser := newBrowser(t)
	n := startNode(t)
	n.mine(t, 20)
	var all []float64
	for range 10 {
		all = append(all, firstView(t, browser, n))
	}
	slices.Sort(all)
	t.Logf("first view after %.0f ms at best, %.0f ms in the middle, %.0f ms at worst", all[0], all[5], all[9])
	if all[0] > 300 {
		t.Errorf("the first view takes %.0f ms, expected less than 300", all[0])
	}
}

// BenchmarkFirstView is the same of many visits, of a machine that has nothing else to do.
func BenchmarkFirstView(b *testing.B) {
	browser := newBrowser(b)
	n := startNode(b)
	n.mine(b, 20)
	firstView(b, browser, n)
	var all []float64
	for b.Loop() {
		all = append(all, firstView(b, browser, n))
	}
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2], "median-ms")
	b.ReportMetric(all[len(all)*95/100], "p95-ms")
	b.ReportMetric(0, "ns/op")
}
