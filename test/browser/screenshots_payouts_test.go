package browser_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestScreenshotsOfPayouts makes the pictures of payouts for the documentation, by
// `make screenshots`. The amounts are made up: they take weeks to come about.
func TestScreenshotsOfPayouts(t *testing.T) {
	folder := os.Getenv("BYTOM_SOLO_SCREENSHOTS")
	if folder == "" {
		t.Skip("BYTOM_SOLO_SCREENSHOTS=FOLDER makes the pictures")
	}
	address := fakeAddress(3)
	fake := fakePayouts{stats: calm(fakeStats("")), owners: map[string]object{address: fakeOwner(address, "")}}
	n := fake.before(t, startNode(t))
	browser := newBrowser(t)
	for _, sight := range []struct {
		name, theme string
		width       int64
	}{{"phone", "dark", 390}, {"desktop", "light", 1280}} {
		p := newTab(t, browser, sight.width, sight.theme)
		p.open(n)
		p.await(patience, `!!document.querySelector(".payouts .owner")`)
		p.save(sight.width, ".payouts", filepath.Join(folder, "payouts-"+sight.name+"-"+sight.theme+".png"))
	}
	for _, theme := range []string{"light", "dark"} {
		p := newTab(t, browser, 390, theme)
		p.openOwner(n, address)
		p.save(390, "", filepath.Join(folder, "owner-phone-"+theme+".png"))
	}
}

// calm is a page of payouts at which all is well, as mostly: the tests' has all that can be wrong.
func calm(stats object) object {
	stats["by_hand"] = false
	status := stats["status"].(object)
	for _, trouble := range []string{"stopped", "uncovered", "ruin_probability", "notes"} {
		delete(status, trouble)
	}
	status["held"], status["due"], status["reserve"] = 0, 10, 0
	for _, o := range stats["owners"].([]object) {
		delete(o, "held")
		delete(o, "overpaid")
	}
	for i, b := range stats["blocks"].([]object) {
		b["stage"] = []string{"provisional", "provisional", "payable", "in transit"}[min(i, 3)]
		b["full"], b["rest"], b["note"], b["own"] = true, 0, "", 0
	}
	batches := stats["batches"].([]object)
	for i, b := range batches {
		b["state"], b["height"] = []string{"mined", "paid"}[min(i, 1)], 412301-576*i
	}
	stats["batches"] = batches[:4]
	return stats
}
