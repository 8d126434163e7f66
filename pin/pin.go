// Package pin keeps threads on processors.
//
// A kernel that sees one processor of a pair busy for a moment, or taken by the host of
// a virtual machine, may put two threads on the other one and leave them there for tens
// of milliseconds. Whoever has a thread for each processor knows better. With fewer threads
// than processors the kernel has room, and knows which of them share a core.
package pin

// Goroutine keeps the calling goroutine on the n-th, from 0 on, of the processors that
// its thread may use, if these are as many as of says, until unpin is called by the
// same goroutine. Threads that are started meanwhile may use all processors. Only Linux has
// it; elsewhere, and where the system refuses, it does nothing.
func Goroutine(n, of int) (unpin func()) { return goroutine(n, of) }
