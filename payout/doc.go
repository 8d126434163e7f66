// Package payout splits the blocks that rigs find between the rigs' owners, and keeps the
// books of it in a file: who earned what by which block, what became of the block, what was
// paid and by which transaction.
//
// A block is settled once, when it is found and on the main chain: an immutable Manifest says
// what each owner gets and why. All money is in double entry: every Entry sums to 0, and
// balances follow from the entries. What an owner is owed is provisional until the coinbase
// may be spent, then payable, then in transit while a stored transaction pays it, then paid.
// A block that leaves the main chain takes its credits with it, and brings them back.
//
// Nothing here is waited for by what makes blocks.
package payout
