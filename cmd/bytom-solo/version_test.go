package main

import "testing"

// TestTheCommitIsSaidOnce has versions as make and git describe give them.
func TestTheCommitIsSaidOnce(t *testing.T) {
	const commit = "ed194a0e7a39c0ffee00c0ffee00c0ffee00c0ff"
	for version, want := range map[string]bool{
		"ed194a0": true, "ed194a0-dirty": true, "v0.3.0-12-ged194a0": true, "v0.3.0-12-ged194a0e-dirty": true,
		"v0.3.0": false, "0.1.0-dev": false, "": false, "e": false, "v0.3.0-12-g1234567": false,
	} {
		if got := endsWithCommit(version, commit); got != want {
			t.Errorf("%q: %v, expected %v", version, got, want)
		}
	}
}
