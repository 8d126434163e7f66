// Package watch reads what other pools and nodes work on, and compares it with this node's
// chain: whether they have more blocks, build on another one, or mine with other bits or
// another seed. It never mines, submits nothing, and believes nobody: what a source sends
// can raise an alarm, and nothing else.
package watch
