package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// says reports which of some texts the elements of a selector don't show.
func says(p *tab, selector string, all ...string) {
	p.t.Helper()
	text := strings.ReplaceAll(value[string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.innerText).join("\n")`, selector)), "\u00a0", " ")
	for _, want := range all {
		if !strings.Contains(text, want) {
			p.t.Errorf("%s lacks %q:\n%s", selector, want, text)
		}
	}
}

// checkHarmless: nothing that is shown was taken for HTML.
func checkHarmless(p *tab) {
	p.t.Helper()
	if value[bool](p, `!!window.harm || !!document.querySelector("main img, main script") || document.querySelectorAll("script").length !== 1`) {
		p.t.Error("a text was taken for HTML")
	}
}

// TestPayoutsAreShown: all that is owed, to the last digit, and why some of it is not paid.
func TestPayoutsAreShown(t *testing.T) {
	real := startNode(t)
	real.mine(t, 3)
	fake := fakePayouts{stats: fakeStats(hostile)}
	n := fake.before(t, real)
	source := axe(t)
	eachSight(t, n, func(t *testing.T, p *tab) {
		p.await(patience, `!!document.querySelector(".payouts .owner")`)
		says(p, ".payouts > header", "by pplns, fee 1.5 %; paid each 576 blocks from 1.00 BTM on, next at block 412,416")
		says(p, ".payouts .numbers", "781.48148136 BTM", "26.00 BTM", "42.00 BTM", "14,808.00000066 BTM", "9 owners of 12 due for payment; 1 held", "to owners, in all")
		says(p, ".payouts [role=status]", "Nothing is paid: an input was spent by hand"+hostile, "payouts resume", "17.00000003 BTM more is owed", "payouts sign")
		says(p, ".owner", fakeAddress(0), "124.12345678 BTM", "120.12345678 BTM provisional", "4.00 BTM payable", "1,234.00000001 BTM paid", "held its program can't be paid to"+hostile,
			"3.00000001 BTM overpaid")
		says(p, ".split", "412,345", "408.375 BTM", "by pplns to 12 owners", "1.23456789 BTM the operator's by the scheme", "405.87500003 BTM", "2.50000001 BTM for the operator's own shares", "a window not full yet", "matured", "in payments",
			"to be signed", "submitted", "in a block", "given up", "300.00000001 BTM", "to 5 owners", "in block 412,301", "valid up to block 412,945")
		if owners := value[int](p, `document.querySelectorAll(".owner").length`); owners != 5 {
			t.Errorf("%d owners, expected five until a button is pressed", owners)
		}
		if where := value[string](p, `document.querySelector(".owner a").href`); where != "http://"+n.address+"/mining/owner/"+fakeAddress(0) {
			t.Errorf("an owner's link leads to %s", where)
		}
		if value[bool](p, `getComputedStyle(document.querySelector(".notice:not(.serious) b")).color === getComputedStyle(document.body).color`) {
			t.Error("what is not covered looks like any other text")
		}
		value[bool](p, source+"; true")
		for _, before := range []string{"", openAll + `; document.querySelectorAll(".payouts .shown button").forEach((b) => b.click())`} {
			p.do(before)
			checkFits(p)
			checkAxe(p)
		}
		p.await(patience, `document.querySelectorAll(".owner").length === 12`)
		says(p, ".payouts details", "the first note"+hostile, "99.00000009 BTM", "Own shares, and by the scheme", "−5.00000001 BTM", "42.00000005 BTM, and 825.00 BTM to mature", "0.00450001", "1.2 % likely")
		says(p, ".split", "stands behind the last one"+hostile, "withdrawn", "reversed", "conflict")
		checkHarmless(p)
		checkKeyboard(p, 20)
	})
}

// TestPayoutsFollowBlocks: they are read anew after a found block, and not each second; a node
// without payouts is not asked.
func TestPayoutsFollowBlocks(t *testing.T) {
	real := startNode(t)
	fake := fakePayouts{stats: fakeStats("")}
	n := fake.before(t, real)
	browser := newBrowser(t)
	without := newTab(t, browser, 0, "")
	without.open(real)
	p := newTab(t, browser, 0, "")
	p.open(n)
	p.await(patience, `!!document.querySelector(".payouts .owner")`)
	fake.change(func() {
		fake.stats["status"].(object)["paid"] = 5*neu + 5
		fake.stats["status"].(object)["stopped"] = ""
	})
	before := fake.times("/mining/api/v1/payouts")
	real.mine(t, 1)
	took := p.await(patience, `document.querySelector(".payouts .numbers").innerText.includes("5.00000005") && !document.querySelector(".notice.serious")`)
	if asked := fake.times("/mining/api/v1/payouts") - before; took > 15*time.Second || asked > 2 {
		t.Errorf("the page asked %d times, and showed what is new after %v, expected once, and much less than the half minute", asked, took)
	}
	p.checkSilent(n)
	without.await(patience, newestBlock+` === "1"`)
	if value[bool](without, `!!document.querySelector(".payouts")`) {
		t.Error("payouts of a node that has none")
	}
	without.checkSilent(real)
	for _, r := range without.requests {
		if strings.Contains(r, "payouts") {
			t.Errorf("it asks for %s", r)
		}
	}
}
