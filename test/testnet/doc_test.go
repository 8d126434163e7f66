// Package testnet_test runs networks of several nodes, by the commands of 'bytom-solo testnet'
// and by the package of that name.
package testnet_test
