// Package gbt serves work over HTTP: get-work and its relatives, byte-compatible
// with the stock node's, on templates and jobs of package mining.
package gbt
