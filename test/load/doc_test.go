// Package load_test has a node serve as many clients as it is built for, and some that mean it ill:
// whatever it does, honest ones get what they are owed, in time.
package load_test
