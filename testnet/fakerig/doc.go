// Package fakerig has rigs that mine by Stratum with real proofs, slowly, in the dialects of
// real ones and with faults on purpose, and count what they sent.
package fakerig
