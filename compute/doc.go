// Package compute defines Tensority, Bytom's proof-of-work hash, and the two
// interfaces behind which devices compute it.
package compute
