// Package mining is the line from the chain's tip to a block: the template that
// the next block is made from, the jobs cut from it (each with an extranonce of
// its own, so that no two consumers ever hash the same header), the in-process
// miner that works on them, and the one door through which every solution goes.
//
// It knows nothing of networks, HTTP or devices: the chain comes in through
// Source and Sink, the hash through compute.Backend.
package mining
