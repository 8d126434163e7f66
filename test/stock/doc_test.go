// Package stock_test has this program and those of the stock module work together: nodes on
// one chain, the stock client and miner at our node, a data directory that both open.
package stock_test
