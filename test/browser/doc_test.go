// Package browser_test shows the page of a real node in Chromium: that it has what it should
// in time, that it takes nothing from elsewhere, and that people can use it who see little, or
// have no mouse. Without Chromium it is skipped; TENSORITY_REQUIRE=chromium demands it.
package browser_test
