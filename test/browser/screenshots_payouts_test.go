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
	fake := fakePayouts{stats: fakeStats(""), owners: map[string]object{address: fakeOwner(address, "")}}
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
