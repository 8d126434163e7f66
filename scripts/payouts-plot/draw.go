package main

import (
	"bytes"
	"fmt"
)

// The picture, in its own units. Whatever is placed by a number is placed by whole numbers, so
// that the picture is the same on every machine.
const (
	width, height = 920, 640
	left, right   = 70, 900
	legendY       = 52
)

// A panel is a graph of some schemes over the pool's work.
type panel struct {
	title       string
	schemes     []string
	less        bool // what pps has paid
	top, bottom int
	low, high   int64 // neu
	step        int64 // neu between two lines of the grid
}

// tenths is a place in tenths of a unit, as a decimal.
func tenths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%d", sign, n/10, n%10)
}

// x is the place of a share.
func x(share int) int64 { return left*10 + int64(share)*(right-left)*10/(blocks*perBlock) }

// y is the place of an amount.
func (p panel) y(neu int64) int64 {
	return int64(p.bottom)*10 - (neu-p.low)*int64(p.bottom-p.top)*10/(p.high-p.low)
}

// style has colours that can be told apart by eyes that see few, on white and on black.
const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.page { fill: #ffffff }
.grid { stroke: #d8dee4; stroke-width: 1 }
.axis { stroke: #57606a; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.solo { stroke: #c44e00 } .pplns { stroke: #0063b5 } .dgm { stroke: #00805c; stroke-dasharray: 7 3 } .pps { stroke: #57606a; stroke-dasharray: 2 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.grid { stroke: #2b333d }
.axis { stroke: #9aa4af }
.solo { stroke: #ff9d5c } .pplns { stroke: #6cb8ff } .dgm { stroke: #4fd6a8 } .pps { stroke: #c3cad2 }
}
</style>
`

// draw is the picture as SVG.
func draw(all *incomes) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="t d">`+"\n", width, height)
	fmt.Fprintf(&b, "<title id=\"t\">Income of an owner with %d %% of a pool's work, by four schemes</title>\n", 100/every)
	fmt.Fprintf(&b, "<desc id=\"d\">Drawn by make payouts-plot. The pool's work was worth %d blocks, and it found %d.", blocks, len(all.found))
	for _, s := range schemes {
		fmt.Fprintf(&b, " %s: %s BTM.", s, btm(all.last(s)))
	}
	b.WriteString("</desc>\n" + style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="26">Income of an owner with %d %% of a pool's work, by four schemes, with the same shares and blocks</text>`+"\n", left, 100/every)
	legend(&b, all)
	for _, p := range panels(all) {
		p.grid(&b)
		for _, s := range p.schemes {
			p.line(&b, s, all)
		}
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">the pool's work since the owner came, in blocks that it was expected to find</text>`+"\n</svg>\n", (left+right)/2, height-12)
	return b.Bytes()
}

// panels are one with what was paid, and one with how far the others are from pps; solo is
// too far.
func panels(all *incomes) []panel {
	sum := panel{title: "paid so far, in blocks' rewards", schemes: schemes, top: 90, bottom: 360, step: 2 * reward}
	apart := panel{title: "pplns and dgm, ahead of pps or behind it, in blocks' rewards", schemes: schemes[1:], less: true, top: 410, bottom: 590, step: reward / 5}
	for _, p := range []*panel{&sum, &apart} {
		for _, s := range p.schemes {
			for share := range all.paid[s] {
				v := all.value(s, share, p.less)
				p.low, p.high = min(p.low, v), max(p.high, v)
			}
		}
		p.low, p.high = roundDown(p.low, p.step), -roundDown(-p.high, p.step)
	}
	return []panel{sum, apart}
}

// legend has a sample of each line, with what it came to.
func legend(b *bytes.Buffer, all *incomes) {
	for i, s := range schemes {
		at := left + i*205
		fmt.Fprintf(b, `<path class="line %s" d="M%d %dh34"/><text x="%d" y="%d">%s: %s BTM</text>`+"\n", s, at, legendY-4, at+42, legendY, s, btm(all.last(s)))
	}
}

// grid draws a panel's frame, with numbers at its lines.
func (p panel) grid(b *bytes.Buffer) {
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", left, p.top-8, p.title)
	for neu := p.low; neu <= p.high; neu += p.step {
		class := "grid"
		if neu == 0 {
			class = "axis"
		}
		fmt.Fprintf(b, `<path class="%s" d="M%d %sH%d"/>`, class, left, tenths(p.y(neu)), right)
		fmt.Fprintf(b, `<text x="%d" y="%s" text-anchor="end">%s</text>`+"\n", left-8, tenths(p.y(neu)+45), p.label(neu))
	}
	for block := 0; block <= blocks; block += 20 {
		at := tenths(x(block * perBlock))
		fmt.Fprintf(b, `<path class="grid" d="M%s %dV%d"/>`, at, p.top, p.bottom)
		fmt.Fprintf(b, `<text x="%s" y="%d" text-anchor="middle">%d</text>`+"\n", at, p.bottom+18, block)
	}
}

// line draws an income: it changes where a block is found, but for pps.
func (p panel) line(b *bytes.Buffer, s string, all *incomes) {
	fmt.Fprintf(b, `<path class="line %s" d="M%d %s`, s, left, tenths(p.y(0)))
	at := append([]int(nil), all.found...)
	if s == "pps" {
		at = nil
	}
	for _, share := range append(at, blocks*perBlock-1) {
		if share > 0 {
			fmt.Fprintf(b, "L%s %s", tenths(x(share)), tenths(p.y(all.value(s, share-1, p.less))))
		}
		fmt.Fprintf(b, "L%s %s", tenths(x(share)), tenths(p.y(all.value(s, share, p.less))))
	}
	b.WriteString("\"/>\n")
}

// value is what a scheme has paid up to a share, or that less what pps has.
func (all *incomes) value(s string, share int, less bool) int64 {
	v := int64(all.paid[s][share])
	if less {
		v -= int64(all.paid["pps"][share])
	}
	return v
}

// last is what a scheme has paid in all.
func (all *incomes) last(s string) uint64 { return all.paid[s][blocks*perBlock-1] }

// label is an amount in blocks' rewards: a whole number, or with one digit behind the point.
func (p panel) label(neu int64) string {
	if p.step%reward == 0 {
		return fmt.Sprint(neu / reward)
	}
	return tenths(neu * 10 / reward)
}

// roundDown is an amount down to a multiple of a step.
func roundDown(neu, step int64) int64 {
	n := neu / step * step
	if n > neu {
		n -= step
	}
	return n
}

// btm is an amount in BTM, without what is behind the point.
func btm(neu uint64) string { return fmt.Sprint(neu / 100_000_000) }
