// Package harness is what the end-to-end tests share: the program as a process, a solver
// of a node's work, and what tests compare a node's answers with. The packages beside it
// hold the tests, one subject each, so that `go test` runs them side by side.
package harness
