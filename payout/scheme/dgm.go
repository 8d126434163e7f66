package scheme

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// DGMTerms are what the policy of the double geometric method says.
type DGMTerms struct {
	// CMillionths is c, the operator's average part besides the fee; 1 to 999999.
	CMillionths uint32 `json:"c_millionths"`
	// OMillionths is o, the part of each score that outlives a block; 0 to 999999. At 0 it is
	// the geometric method.
	OMillionths uint32 `json:"o_millionths"`
}

// DGM keeps the scores of the double geometric method, one number an owner.
//
// With ρ = (1−c)(1−o)/c: a share of u blocks adds u·s·ρ(1−f) to its owner's score S, and
// then multiplies s by 1+uρ. A block pays each owner S/s of its reward, and then multiplies
// each S by o. Scores are parts of a block, not money: so the sum of S never exceeds s, and
// the owners' part never the block, whatever becomes of the subsidy. Rosenfeld's S is the same
// with ρ(1−f) taken at the block instead of at the share. All is fixed point with 192 bits
// behind the point, S and s divided by s at each block: in the longest round the error stays
// below 2⁻¹⁶⁰ of a block. A DGM is for one goroutine.
type DGM struct {
	terms  DGMTerms
	n, d   *big.Int // ρ is n/d
	s      *big.Int
	scores map[string]*big.Int
}

// dgmBits are the bits behind the point.
const dgmBits = 192

// million is 1 in millionths.
const million = 1_000_000

// NewDGM returns a state without scores.
func NewDGM(terms DGMTerms) (*DGM, error) {
	g := &DGM{s: one(), scores: make(map[string]*big.Int)}
	return g, g.use(terms)
}

func one() *big.Int { return new(big.Int).Lsh(big.NewInt(1), dgmBits) }

func (g *DGM) use(t DGMTerms) error {
	if t.CMillionths < 1 || t.CMillionths >= million || t.OMillionths >= million {
		return fmt.Errorf("dgm with c = %d and o = %d millionths: expected 1 to 999999 and 0 to 999999", t.CMillionths, t.OMillionths)
	}
	g.terms = t
	g.n = new(big.Int).Mul(big.NewInt(int64(million-t.CMillionths)), big.NewInt(int64(million-t.OMillionths)))
	g.d = new(big.Int).Mul(big.NewInt(int64(t.CMillionths)), big.NewInt(million))
	return nil
}

// Terms are those of now.
func (g *DGM) Terms() DGMTerms { return g.terms }

// SetTerms changes c and o. A score x = S/s will bring x·c/(1−o) blocks on average, so scores
// are scaled to be worth under the new terms what they were worth. Where all of them would
// come to more than one block they are cut to that, all alike, and cut is true.
func (g *DGM) SetTerms(t DGMTerms) (cut bool, err error) {
	old := g.terms
	if t == old {
		return false, nil
	}
	if err := g.use(t); err != nil {
		return false, err
	}
	up := new(big.Int).Mul(big.NewInt(int64(old.CMillionths)), big.NewInt(int64(million-t.OMillionths)))
	down := new(big.Int).Mul(big.NewInt(int64(t.CMillionths)), big.NewInt(int64(million-old.OMillionths)))
	g.scale(up, down)
	if sum := g.sum(); sum.Cmp(g.s) > 0 {
		g.scale(g.s, sum)
		return true, nil
	}
	return false, nil
}

// scale multiplies all scores by up/down.
func (g *DGM) scale(up, down *big.Int) {
	for owner, score := range g.scores {
		score.Mul(score, up).Quo(score, down)
		if score.BitLen() < dgmBits-dustBits {
			delete(g.scores, owner)
		}
	}
}

// dustBits: a score below 2⁻⁹⁶ of a block never comes to a neu again.
const dustBits = 96

func (g *DGM) sum() *big.Int {
	sum := new(big.Int)
	for _, score := range g.scores {
		sum.Add(sum, score)
	}
	return sum
}

// Share adds an owner's share of so much work, in 2⁻⁶⁴ blocks, for a fee in hundredths of a
// percent.
func (g *DGM) Share(owner string, work uint64, feeBP uint32) {
	gain := new(big.Int).SetUint64(work) // u·s·ρ, by which s grows
	gain.Mul(gain, g.n).Mul(gain, g.s).Quo(gain, g.d).Rsh(gain, 64)
	score := g.scores[owner]
	if score == nil {
		score = new(big.Int)
		g.scores[owner] = score
	}
	if feeBP == 0 {
		score.Add(score, gain)
	} else {
		net := new(big.Int).Mul(gain, big.NewInt(int64(allBP-feeBP)))
		score.Add(score, net.Quo(net, big.NewInt(allBP)))
	}
	g.s.Add(g.s, gain)
}

// Block pays a block's reward: what each owner gets of it, rounded down, and the operator
// the rest.
func (g *DGM) Block(reward uint64) (pay map[string]uint64, operator uint64) {
	pay, operator = make(map[string]uint64, len(g.scores)), reward
	for owner, score := range g.scores {
		if amount := g.part(reward, score); amount > 0 {
			pay[owner] = amount
			operator -= amount
		}
	}
	g.scale(new(big.Int).Mul(one(), big.NewInt(int64(g.terms.OMillionths))), new(big.Int).Mul(g.s, big.NewInt(million)))
	g.s = one()
	return pay, operator
}

// part is ⌊reward·score/s⌋. What is a whole number but for the rounding of the scores is
// that number.
func (g *DGM) part(reward uint64, score *big.Int) uint64 {
	amount, rest := new(big.Int).SetUint64(reward), new(big.Int)
	amount.Mul(amount, score).QuoRem(amount, g.s, rest)
	if rest.Sub(g.s, rest).Lsh(rest, 64).Cmp(g.s) < 0 {
		amount.Add(amount, big.NewInt(1))
	}
	return amount.Uint64()
}

// Score is an owner's part of a block that would be found now, as a fraction of 1, for
// people.
func (g *DGM) Score(owner string) float64 {
	score := g.scores[owner]
	if score == nil {
		return 0
	}
	f, _ := new(big.Rat).SetFrac(score, g.s).Float64()
	return f
}

// dgmState is a DGM as it is stored: fixed-point numbers in hexadecimal.
type dgmState struct {
	DGMTerms
	Bits   int               `json:"bits"`
	S      string            `json:"s"`
	Scores map[string]string `json:"scores"`
}

// MarshalJSON is the whole state.
func (g *DGM) MarshalJSON() ([]byte, error) {
	state := dgmState{g.terms, dgmBits, g.s.Text(16), make(map[string]string, len(g.scores))}
	for owner, score := range g.scores {
		state.Scores[owner] = score.Text(16)
	}
	return json.Marshal(state)
}

// UnmarshalJSON is MarshalJSON's reverse. What no DGM can have come to is an error.
func (g *DGM) UnmarshalJSON(raw []byte) error {
	var state dgmState
	if err := json.Unmarshal(raw, &state); err != nil {
		return fmt.Errorf("dgm's scores: %w", err)
	}
	if state.Bits != dgmBits {
		return fmt.Errorf("dgm's scores with %d bits behind the point: expected %d", state.Bits, dgmBits)
	}
	fresh, err := NewDGM(state.DGMTerms)
	if err != nil {
		return err
	}
	if fresh.s, err = parseFixed(state.S); err != nil || fresh.s.Cmp(one()) < 0 {
		return errors.Join(fmt.Errorf("dgm's s %q: expected 1 or more in hexadecimal fixed point", state.S), err)
	}
	for owner, text := range state.Scores {
		if fresh.scores[owner], err = parseFixed(text); err != nil {
			return fmt.Errorf("dgm's score of %q: %w", owner, err)
		}
	}
	if fresh.sum().Cmp(fresh.s) > 0 {
		return errors.New("dgm's scores come to more than a block")
	}
	*g = *fresh
	return nil
}

// parseFixed reads a number in hexadecimal.
func parseFixed(text string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok || n.Sign() < 0 {
		return nil, fmt.Errorf("%.40q: expected a hexadecimal number from 0 on", text)
	}
	return n, nil
}
