// Package scheme is the arithmetic of splitting blocks: PPLNS, DGM and PPS, exact to the
// smallest unit of money, neu. It knows nothing of files, chains or rigs.
//
// Its clock is work, in blocks that it was expected to be: a share with the effective
// difficulty d, at a time when a block takes D hashes, is u = d/D. Neither the number of
// shares (which a retarget devalues) nor the time of day (which a pool's growth does) can
// stand for it. u is counted in 2⁻⁶⁴ blocks; the largest uint64 stands for one block.
//
// Sources: M. Rosenfeld, Analysis of Bitcoin Pooled Mining Reward Systems
// (arXiv:1112.4980), and docs/payouts.md, which derives what is not in there.
package scheme
