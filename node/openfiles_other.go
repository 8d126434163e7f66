//go:build !unix

package node

// openFilesLimit is 0: the system has no such limit.
func openFilesLimit() uint64 { return 0 }
