//go:build !linux

package mining

// lowPriority does nothing here: the system has no priorities by thread that Go
// can reach.
func lowPriority() {}
