// Package process_test has a node as a process of its system, which kills it, fills its disk,
// sits at its terminal, and closes it.
package process_test
