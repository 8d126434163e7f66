// Package payouts_test has rigs of several owners mine for a node that splits what they find,
// and follows the money to the owners' addresses.
package payouts_test
