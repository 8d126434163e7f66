// Package mining_test has nodes mine: alone, against each other, and while they answer
// others; and holds what they tell of the blocks that they found to the chain.
package mining_test
