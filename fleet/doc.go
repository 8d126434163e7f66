// Package fleet is what passes between a node and its fronts, which are servers of rigs on other
// machines: signed messages, by an engine that keeps nothing; the node's side, which publishes work
// and books shares; and the front's side, which serves that work and brings shares and blocks.
package fleet
