package browser_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// eachSight shows a node's page on a phone and on a desktop, by day and by night.
func eachSight(t *testing.T, n *shownNode, check func(t *testing.T, p *tab)) {
	t.Helper()
	eachTab(t, func(t *testing.T, p *tab) {
		p.open(n)
		p.await(patience, `document.querySelectorAll(".block").length > 2 && !!document.querySelector("canvas")`)
		check(t, p)
		p.checkSilent(n)
	})
}

// eachTab opens an empty tab of a phone and of a desktop, by day and by night.
func eachTab(t *testing.T, check func(t *testing.T, p *tab)) {
	t.Helper()
	browser := newBrowser(t)
	for _, width := range []int64{360, 1280} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d %s", width, theme), func(t *testing.T) {
				check(t, newTab(t, browser, width, theme))
			})
		}
	}
}

// openAll opens whatever is folded.
const openAll = `document.querySelectorAll("details").forEach((d) => { d.open = true; })`

// TestThePageFits: nothing is wider than the screen, folded or not.
func TestThePageFits(t *testing.T) {
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	n.mine(t, 5)
	backs := make(map[string]bool)
	eachSight(t, n, func(t *testing.T, p *tab) {
		backs[value[string](p, `getComputedStyle(document.body).backgroundColor`)] = true
		for _, before := range []string{"", openAll} {
			p.do(before)
			checkFits(p)
		}
	})
	if len(backs) != 2 {
		t.Errorf("the themes have the backgrounds %v, expected two", backs)
	}
}

// checkFits holds a page to its screen, and to words.
func checkFits(p *tab) {
	p.t.Helper()
	wide := value[[]string](p, `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5 && !e.closest(".hidden"))
		.map((e) => e.tagName + "." + e.className).concat(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["the document"] : [])`)
	if len(wide) > 0 {
		p.t.Errorf("wider than the screen: %v", wide)
	}
	text := value[string](p, `document.body.innerText`)
	if strings.Contains(text, "NaN") || strings.Contains(text, "undefined") || strings.Contains(text, "[object") {
		p.t.Errorf("it says\n%s", text)
	}
}

// TestTheKeyboardIsEnough goes over the page by the tabulator, and presses what it meets.
func TestTheKeyboardIsEnough(t *testing.T) {
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	n.mine(t, 3)
	eachSight(t, n, func(t *testing.T, p *tab) {
		checkKeyboard(p, 10)
		p.do(openAll)
		p.do(`document.querySelector("[aria-label='24 hours']").focus()`)
		p.run(chromedp.KeyEvent(kb.Enter))
		p.await(patience, `document.querySelector("[aria-label='24 hours']").ariaPressed === "true" && !!document.querySelector("caption")?.innerText.includes("24 hours")`)
	})
}

// checkKeyboard goes over all that can be pressed, of which there is at least so much, by the
// tabulator.
func checkKeyboard(p *tab, least int) {
	p.t.Helper()
	const name = `(e) => e.tagName + " " + (e.getAttribute("aria-label") || e.innerText || e.id)`
	all := value[[]string](p, `[...document.querySelectorAll("a[href], button, summary, input, select, [tabindex='0']")].filter((e) => e.checkVisibility()).map(`+name+`)`)
	if len(all) < least {
		p.t.Fatalf("the page has %q, expected %d at least", all, least)
	}
	var met []string
	for range len(all) + 2 {
		p.run(chromedp.KeyEvent(kb.Tab))
		at := value[string](p, `(`+name+`)(document.activeElement)`)
		if !value[bool](p, `document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			p.t.Errorf("nobody sees that %s has the focus", at)
		}
		met = append(met, at)
	}
	for _, control := range all {
		if !slices.Contains(met, control) {
			p.t.Errorf("%s is not met on the way %q", control, met)
		}
	}
}

// axe is the source of axe-core, which finds what people with other eyes or hands can't use.
func axe(t *testing.T) string {
	t.Helper()
	const version, hash = "4.11.0", "8a561a9c453cbf1c417b1a4977c716338125490ab841cb422ca8a1d1349f8c87c24137b21ffeb356b98825f2cfaca4ca2516e21be71f9d96d02230252661758d"
	out, err := exec.Command("../../scripts/npm.sh", "axe-core", version, hash).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		computetest.Require(t, "npm", string(out))
	} else if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	source, err := os.ReadFile("../../bin/web/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// axeFinds is what axe-core, which the tab has loaded, finds of what is serious.
func axeFinds(p *tab) []string {
	p.t.Helper()
	return value[[]string](p, `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
		.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`)
}

func checkAxe(p *tab) {
	p.t.Helper()
	if found := axeFinds(p); len(found) > 0 {
		p.t.Errorf("axe finds\n%s", strings.Join(found, "\n"))
	}
}

// TestAxeFindsNothing has axe-core look at the page, folded and not, and shows that it finds
// a fault.
func TestAxeFindsNothing(t *testing.T) {
	source := axe(t)
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	n.mine(t, 5)
	eachSight(t, n, func(t *testing.T, p *tab) {
		value[bool](p, source+"; true")
		for _, before := range []string{"", openAll} {
			p.do(before)
			checkAxe(p)
		}
		p.checkSilent(n)
		p.do(`document.body.insertAdjacentHTML("beforeend", "<button></button><img src='data:,'>")`)
		if found := axeFinds(p); len(found) < 2 {
			t.Errorf("axe finds %q of two faults", found)
		}
	})
}
