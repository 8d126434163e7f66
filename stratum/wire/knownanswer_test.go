package wire

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// TestTheKnownAnswerIsTensority: the job and its solution are in the file of vectors that
// all kernels are held to.
func TestTheKnownAnswerIsTensority(t *testing.T) {
	j, found := KnownAnswer(), 0
	for _, v := range computetest.Vectors(t) {
		for _, e := range example {
			if v.Header == j.HeaderHash(e.nonce) && v.Seed == j.Seed && v.Tensority == unhex(t, e.hash) {
				found++
			}
		}
	}
	if found != len(example) || !j.Target.Met(unhex(t, example[1].hash)) || j.Target.Met(unhex(t, example[0].hash)) {
		t.Errorf("%d of %d vectors found", found, len(example))
	}
}
