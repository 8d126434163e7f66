package scheme

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// page is docs/payouts.md, on one line for each paragraph.
func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "payouts.md"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(raw)), " ")
}

// grouped is a number with commas between its thousands.
func grouped(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10)
	}
	return grouped(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

// TestThePageHasTheExamples holds the examples of docs/payouts.md to the arithmetic.
func TestThePageHasTheExamples(t *testing.T) {
	text := page(t)
	w := NewWindow(Terms{XMilli: 2000})
	const shares = "AABACBABAC"
	for i := len(shares) - 1; i >= 0 && w.Add(uint32(shares[i]-'A'), ofBlocks(1, 4), 0); i-- {
		continue
	}
	p := w.Parts()
	pplns := Split(reward, []*big.Int{p.Net[0], p.Net[1], p.Net[2]})
	g, err := NewDGM(DGMTerms{500_000, 500_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"A", "B", "A"} {
		g.Share(owner, ofBlocks(1, 10), 0)
	}
	dgm, operator := g.Block(reward)
	pps, sum := NewPPS(), uint64(0)
	pps.Share("A", 1<<(64-18), reward, 500)
	first := pps.Take()["A"]
	rest := ratio(pps.owed["A"], ppsUnit)
	pps.Share("A", 1<<(64-18), reward, 500)
	pps.Share("A", 1<<(64-18), reward, 500)
	sum = first + pps.Take()["A"]
	for _, want := range []string{
		fmt.Sprintf("B is a block's reward, %s neu", grouped(reward)),
		fmt.Sprintf("With f = 1 %% that is %s neu, and %s for", grouped(reward-Fee(reward, 100)), grouped(Fee(reward, 100))),
		fmt.Sprintf("A gets %s neu, B %s and C %s.", grouped(pplns[0]), grouped(pplns[1]), grouped(pplns[2])),
		fmt.Sprintf("A gets %s neu, B %s, and the operator %s:", grouped(dgm["A"]), grouped(dgm["B"]), grouped(operator)),
		fmt.Sprintf("The first is worth %s.%03.0f neu: %s are credited; after the third it is %s in all", grouped(first), rest*1000, grouped(first), grouped(sum)),
		"2.98 % by default", "worth up to (1−c)·c/(1−o) blocks' rewards, 3.92 by default",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/payouts.md does not say %q", want)
		}
	}
	c, f := 0.02, 0.01
	if math.Abs(c+f-c*f-0.0298) > 1e-9 || math.Abs((1-c)*c/(1-0.995)-3.92) > 1e-9 {
		t.Error("dgm's fee and what scores are worth are not 2.98 % and 3.92 blocks")
	}
}

// TestThePageHasTheTables holds the tables of docs/payouts.md to the formulas that the
// simulations are held to.
func TestThePageHasTheTables(t *testing.T) {
	text := page(t)
	var rows []string
	for x, never := range map[float64]string{1: "36.79", 2: "13.53", 4: "1.832", 8: "0.034", 16: "0.000011"} {
		if got, err := strconv.ParseFloat(never, 64); err != nil || math.Abs(got/100/math.Exp(-x)-1) > 0.03 {
			t.Errorf("X = %v: never paid are %s %%, expected %v", x, never, 100*math.Exp(-x))
		}
		name := fmt.Sprint(x)
		if x == 8 {
			name = "**8**"
		}
		rows = append(rows, fmt.Sprintf("| %s | %.3f | %s %% | %v |", name, 1/math.Sqrt(x), never, x/2))
	}
	for _, row := range dgmTable {
		c, o := float64(row.terms.CMillionths)/million, float64(row.terms.OMillionths)/million
		rho := (1 - c) * (1 - o) / c
		m2 := 1 / (1 + 2*rho)
		worth := c / (1 - o)
		deviation := math.Sqrt(m2*(1+2*o*worth)/(1-o*o*m2)/(worth*worth) - 1)
		// x at a block is 1−z, and the next z is (1−o+oz)e^(−ρt).
		zz := m2 * ((1-o)*(1-o) + 2*o*(1-o)*c) / (1 - o*o*m2)
		variance := 1 - 2*(1-c)*(1-c) + (1-c)*(1-c)*(1-2*c+zz)
		name := fmt.Sprint(c)
		if c == 0.02 {
			name = "**0.02**"
		}
		rows = append(rows, fmt.Sprintf("| %s | %v | %v | %.3f | %s |", name, o, math.Round(worth*100)/100, deviation, upTo(variance)))
		if math.Abs(row.deviation-deviation) > 6e-4 || math.Abs(row.variance/variance-1) > 0.02 {
			t.Errorf("%v: %v and %v, by the formulas %.4f and %.4f", row.terms, row.deviation, row.variance, deviation, variance)
		}
	}
	for _, percent := range []float64{1, 2, 5, 10} {
		f := percent / 100
		rows = append(rows, fmt.Sprintf("| %v %% | %.1f B | %.1f B | %.1f B | %.1f %% |", percent,
			ReserveFor(0.01, f), ReserveFor(0.001, f), ReserveApprox(0.001, f), 100*RuinProbability(10, f)))
	}
	for _, row := range rows {
		if !strings.Contains(text, row) {
			t.Errorf("docs/payouts.md does not have the row %s", row)
		}
	}
}

// upTo is a variance with three places behind the point, or four if it is small.
func upTo(v float64) string {
	if v < 0.01 {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// TestAChangeOfXMovesHalfTheDifference: what the shares around a change of X get more or less
// than they are worth is half of what X differs, as docs/payouts.md says.
func TestAChangeOfXMovesHalfTheDifference(t *testing.T) {
	t.Parallel()
	const perBlock, blocks = 20, 24
	work := ofBlocks(1, perBlock)
	for _, c := range []struct{ before, behind uint32 }{{8000, 4000}, {4000, 8000}} {
		terms := []Terms{{XMilli: c.before}, {XMilli: c.behind}}
		brings := make([]float64, 2*blocks*perBlock)
		for j := range brings {
			w := NewWindow(terms...)
			for i := j; i >= 0 && w.Add(uint32(i), work, i/(blocks*perBlock)); i-- {
				continue
			}
			p := w.Parts()
			for i, net := range p.Net {
				brings[i] += ratio(net, p.Total) / perBlock
			}
		}
		gain := 0.0
		for _, b := range brings[10*perBlock : len(brings)-10*perBlock] { // The first windows are not full, the last blocks not there.
			gain += b - 1.0/perBlock
		}
		want := (float64(c.behind) - float64(c.before)) / 2000
		near(t, fmt.Sprintf("from %d to %d", c.before/1000, c.behind/1000), gain, want, 1e-6)
	}
}
