// Package chain is Bytom's chain behind a gate that every block passes: it computes the
// proofs of work for the chain, keeps blocks that come before their parents, fetches
// blocks in bulk from peers that are ahead, and checks a block by every rule of the chain
// before it has work.
//
// Bytom keeps its proof cache in a package variable, so one process can have one Gate.
package chain
