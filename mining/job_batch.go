package mining

import (
	"encoding/binary"

	"github.com/cloudflare/circl/simd/keccakf1600"
)

// NewJobs cuts a job from a template for each of the extranonces, which must come from
// leases of the callers' own. It is NewJob for many at once, at a third of the cost where
// the machine has AVX2.
func NewJobs(t *Template, extranonces []uint64) []*Job {
	jobs := make([]*Job, len(extranonces))
	var k *keccak4
	for i := 0; i < len(jobs); {
		if len(jobs)-i == 1 || !keccakf1600.IsEnabledX4() {
			jobs[i] = NewJob(t, extranonces[i])
			i++
			continue
		}
		if k == nil {
			k = newKeccak4()
		}
		i += copy(jobs[i:], k.jobs(t, extranonces[i:min(i+lanes, len(jobs))]))
	}
	return jobs
}

// Roller computes the roots of many jobs at once. It belongs to one goroutine; the zero one is
// ready.
type Roller struct{ k *keccak4 }

// Roots sets roots, of which there must be as many as extranonces, to the transactions merkle roots
// that NewJob's jobs with these have. It allocates nothing but once.
func (r *Roller) Roots(t *Template, extranonces []uint64, roots [][32]byte) {
	for i := 0; i < len(extranonces); {
		if len(extranonces)-i == 1 || !keccakf1600.IsEnabledX4() {
			roots[i] = climb(t.coinbase.id(extranonces[i]), t.branch)
			i++
			continue
		}
		if r.k == nil {
			r.k = newKeccak4()
		}
		var extra [lanes]uint64
		n := copy(extra[:], extranonces[i:])
		four := r.k.climb(r.k.coinbaseIDs(t.coinbase, extra), t.branch)
		i += copy(roots[i:i+n], four[:])
	}
}

// jobs cuts up to four jobs.
func (k *keccak4) jobs(t *Template, extranonces []uint64) []*Job {
	var extra [lanes]uint64
	copy(extra[:], extranonces)
	ids := k.coinbaseIDs(t.coinbase, extra)
	roots := k.climb(ids, t.branch)
	jobs := make([]*Job, len(extranonces))
	for j := range jobs {
		jobs[j] = newJob(t, extra[j], ids[j], roots[j])
	}
	return jobs
}

// coinbaseIDs is the coinbase's id with each extranonce.
func (k *keccak4) coinbaseIDs(c *coinbase, extranonces [lanes]uint64) [lanes][32]byte {
	var inner [lanes][32]byte
	for j, e := range extranonces {
		binary.BigEndian.PutUint64(inner[j][:], e)
	}
	size := extranonceSize
	for i := range c.layers {
		l := &c.layers[i]
		inner = k.wrap(l.Prefix, &inner, size, l.Suffix)
		size = len(inner[0])
		inner = k.wrap([]byte(l.Tag), &inner, size, nil)
	}
	return inner
}

// climb is the merkle root that each id, the leftmost leaf, has with a branch.
func (k *keccak4) climb(ids [lanes][32]byte, branch [][32]byte) [lanes][32]byte {
	h := k.wrap([]byte{0}, &ids, len(ids[0]), nil)
	for i := range branch {
		h = k.wrap([]byte{1}, &h, len(h[0]), branch[i][:])
	}
	return h
}
