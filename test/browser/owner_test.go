package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bytom-solo/bytom-solo/node"
)

// openOwner shows an owner's page.
func (p *tab) openOwner(n *shownNode, address string) {
	p.t.Helper()
	p.run(chromedp.Navigate("http://" + n.address + node.OwnerPagePrefix + address))
	p.await(patience, `!!document.querySelector(".band")`)
}

// TestAnOwnersPage shows an owner all that is his, and why, on a phone and on a desktop.
func TestAnOwnersPage(t *testing.T) {
	address := fakeAddress(1)
	fake := fakePayouts{owners: map[string]object{address: fakeOwner(address, hostile)}}
	n := fake.before(t, startNode(t))
	source := axe(t)
	eachTab(t, func(t *testing.T, p *tab) {
		p.openOwner(n, address)
		says(p, ".band", address, "103.12345672 BTM is paid with the next payments, at block 412,416, in 66 blocks, about 2.8 hours.",
			"A block's money is payable when 99 blocks stand on it, about 4.1 hours after it was found. For the next of yours that is in 45 blocks, about 113 minutes.",
			"206.00 BTM is sent, and waits for a block.", "206.00000001 BTM is in the chain, and your wallet has it. It counts as paid when 100 blocks stand on it, in 51 blocks, about 2.1 hours.", "Blocks are split by pplns; the operator takes a fee of 1.5 %.")
		says(p, ".numbers", "103.12345672 BTM", "206.24691341 BTM", "412.00000001 BTM", "1,234.00000001 BTM")
		says(p, ".own", "shed\n", "connected", "612 H/s", "551 H/s over 24 hours", "attic"+hostile, "away", "no share yet")
		says(p, ".split", "412,345", "103.1234567 BTM", "by pplns of 412.50 BTM, fee 4.125 BTM · your work: 25 % of all that counted, 2 of 8 blocks' worth", "in transit", "reversed")
		says(p, ".payment", strings.Repeat("0", 59)+"12cc8", "on its way", "in a block", "paid", "not made", "in block 412,301")
		value[bool](p, source+"; true")
		for _, before := range []string{"", openAll + `; document.querySelectorAll(".shown button").forEach((b) => b.click())`} {
			p.do(before)
			checkFits(p)
			checkAxe(p)
		}
		p.await(patience, `document.querySelectorAll(".split:not(.payment)").length === 10`)
		checkHarmless(p)
		checkKeyboard(p, 2)
		p.checkSilent(n)
	})
}

// TestAnOwnersPageInEachCase: an address that is not known, one that is held, one with less
// than the least payment, payouts that were ended, and a node that does not answer.
func TestAnOwnersPageInEachCase(t *testing.T) {
	address := fakeAddress(2)
	fake := fakePayouts{owners: make(map[string]object)}
	real := startNode(t)
	n := fake.before(t, real)
	p := newTab(t, newBrowser(t), 360, "light")
	p.openOwner(n, address)
	says(p, ".band", address, "Nothing is known of this address yet", "letter by letter")
	look := func(until string) {
		t.Helper()
		p.do(`document.dispatchEvent(new Event("visibilitychange"))`)
		p.await(patience, `document.querySelector(".band").innerText.replaceAll("\u00a0", " ").includes("`+until+`")`)
		checkFits(p)
	}
	o := fakeOwner(address, "")
	owner := o["owner"].(object)
	fake.change(func() { owner["payable"] = neu / 4; fake.owners[address] = o })
	look("The next for you is at block 412,416, in 66 blocks, about 2.8 hours, if the blocks stay.")
	fake.change(func() { o["next_at"] = 0 })
	look("Payments are made each 576 blocks, about 24 hours, from 1.00 BTM on: 0.75 BTM more has to become payable.")
	fake.change(func() { o["next_at"] = 0; owner["payable"] = neu })
	look("1.00 BTM is due, and waits: the node makes no payments now.")
	fake.change(func() { owner["held"] = "the operator doubts it" })
	look("Nothing is paid to this address for now: the operator doubts it. Ask the operator of the node.")
	fake.change(func() { delete(owner, "held"); owner["overpaid"] = 5; o["scheme"] = "" })
	look("Blocks are not split any more")
	says(p, ".band", "0.00000005 BTM was paid for blocks that then left the chain")
	fake.change(func() { o["rigs"], o["credits"], o["payments"] = []object{}, []object{}, []object{} })
	p.do(`document.dispatchEvent(new Event("visibilitychange"))`)
	p.await(patience, `!document.querySelector(".rows")`)
	says(p, "main", "No rig mines for this address now", "No block yet in which your work counted", "None yet.")

	p.do(`window.fetch = () => Promise.reject(new TypeError("no network"))`)
	look("No contact since " + time.Now().Format("15:"))
	if filter := value[string](p, `getComputedStyle(document.querySelector(".number")).filter`); filter != "grayscale(1)" {
		t.Errorf("the figures are shown with the filter %q", filter)
	}
	says(p, ".numbers", "1.00 BTM")
}
