// Package mining_test has nodes mine: alone, against each other, and while they answer
// others; and compares what they report of the blocks that they found with the chain.
package mining_test
