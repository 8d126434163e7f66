// Package rigs_test has rigs, which are this program too, mine for nodes by each protocol, and
// holds the port that serves them to who may connect and who is refused.
package rigs_test
