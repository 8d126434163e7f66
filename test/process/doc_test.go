// Package process_test has a node as a process of its system, which kills it, fills its disk
// and closes its terminal.
package process_test
