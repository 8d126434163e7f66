// Package testnet runs Bytom nodes as real processes on the loopback interface, ours
// and the stock one, for tests and developers: New and Up make networks, Start a single
// node. It needs Linux.
package testnet
