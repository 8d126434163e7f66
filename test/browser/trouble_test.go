package browser_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// troubledNode has found blocks, and then does not know any more whom to pay; what it watches
// is not there, and its webhook neither.
func troubledNode(t *testing.T) *shownNode {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	n := startNode(t, "--stratum.listen", "127.0.0.1:0", "--watch", "http://"+nobody, "--notify.webhook", "http://"+nobody)
	n.mine(t, 5)
	n.Signal(os.Interrupt)
	n.End()
	n.more = append(n.more, "--mining.address", "")
	n.start(t)
	return n
}

// shownFault is on the page while something serious is wrong.
const shownFault = `!!document.querySelector(".band.bad .faults li") && !!document.querySelector(".watched")`

// TestAxeFindsNothingWhileAFaultIsShown is TestAxeFindsNothing in trouble, where other
// colours and texts are shown.
func TestAxeFindsNothingWhileAFaultIsShown(t *testing.T) {
	source := axe(t)
	eachSight(t, troubledNode(t), func(t *testing.T, p *tab) {
		p.await(patience, shownFault)
		value[bool](p, source+"; true")
		for _, before := range []string{"", openAll} {
			p.do(before)
			checkAxe(p)
		}
		p.do(`const e = document.querySelector(".faults li span"); e.style.color = "#777"; e.style.background = "#888"`)
		if len(axeFinds(p)) == 0 {
			t.Error("axe finds nothing in a fault that nobody can read")
		}
	})
}

// TestTheKeyboardIsEnoughWhileAFaultIsShown is TestTheKeyboardIsEnough in trouble; the page
// is announced as it changes, and what is pressed goes on working.
func TestTheKeyboardIsEnoughWhileAFaultIsShown(t *testing.T) {
	eachSight(t, troubledNode(t), func(t *testing.T, p *tab) {
		p.await(patience, shownFault)
		checkKeyboard(p, 10)
		if !value[bool](p, `!!document.querySelector(".faults").closest("[role=status]")`) {
			t.Error("faults are not announced to who does not see them")
		}
	})
}

// TestOthersAreShown has a node watch another one, which is as it is, then ahead, and then
// not there.
func TestOthersAreShown(t *testing.T) {
	other := startNode(t)
	n := startNode(t, "--watch", "http://"+other.address)
	p := newTab(t, newBrowser(t), 360, "light")
	p.open(n)
	says := func(what string, height int) {
		t.Helper()
		p.await(patience, fmt.Sprintf(`((e) => !!e && e.innerText.includes("http://%s") && /%s/.test(e.innerText) && e.innerText.includes("height %d"))(document.querySelector(".watched"))`, other.address, what, height))
	}
	says("as this node", 0)
	other.mine(t, 2)
	says("2 blocks ahead", 2)
	other.Signal(os.Kill)
	other.End()
	says("not reached", 2)
	p.checkSilent(n)
}

// run500 has so many rigs mine for a node until the test ends, each seldom.
func run500(t *testing.T, n *shownNode) {
	t.Helper()
	solver := harness.NewSolver(t)
	front := n.Await(`msg="node is up".* stratum=stratum\+tcp://(\S+)`)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	for i := range uint64(500) {
		rig := fakerig.New(fakerig.Config{
			Address: front, Name: fmt.Sprintf("hall.%d", i), Dialect: fakerig.Plain, Rate: 0.05, Difficulty: 1,
			Random: rand.New(rand.NewPCG(3, i)), Hash: solver.Verifier.Hash,
		})
		running.Go(func() { rig.Run(ctx) })
	}
}

// TestFiveHundredRigs: the page shows the first fifty, says so, and shows all when it is told
// to. Either way it answers at once.
func TestFiveHundredRigs(t *testing.T) {
	n := startNode(t, "--stratum.listen", "127.0.0.1:0")
	run500(t, n)
	p := newTab(t, newBrowser(t), 360, "dark")
	p.open(n)
	rows := func(shown int) string {
		return fmt.Sprintf(`document.querySelectorAll(".rig").length === %d && document.querySelector(".shown").innerText.startsWith("%[1]d of 500 rigs are shown")`, shown)
	}
	p.await(3*patience, rows(50)+` && /[1-9]\d* of 500 hashing/.test(document.body.innerText)`)
	checkAnswers(p, "with 50 of them shown")
	p.do(`document.querySelector(".shown button").focus()`)
	start := time.Now()
	p.run(chromedp.KeyEvent(kb.Enter))
	p.await(patience, rows(500))
	t.Logf("all 500 are shown after %v", time.Since(start))
	checkAnswers(p, "with all of them shown")
	p.run(chromedp.KeyEvent(kb.Enter))
	p.await(patience, rows(50))
	p.checkSilent(n)
}

// checkAnswers presses a button twenty times, and takes the time until the page shows that.
// The middle counts: others share the machine.
func checkAnswers(p *tab, when string) {
	p.t.Helper()
	all := value[[]float64](p, `(async () => {
		const took = [], frame = () => new Promise(requestAnimationFrame);
		for (let i = 0; i < 20; i++) {
			await new Promise((done) => setTimeout(done, 250));
			const button = document.querySelector(i % 2 ? "[aria-label='1 hour']" : "[aria-label='24 hours']"), start = performance.now();
			button.click();
			while (button.ariaPressed !== "true") await frame();
			await frame();
			took.push(performance.now() - start);
		}
		return took;
	})()`)
	slices.Sort(all)
	p.t.Logf("%s a press is shown after %.0f ms, %.0f ms at worst", when, all[len(all)/2], all[len(all)-1])
	if all[len(all)/2] > 200 {
		p.t.Errorf("%s a press is shown after %.0f ms, expected less than 200", when, all[len(all)/2])
	}
}
