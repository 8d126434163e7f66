// Package fleet_test runs nodes with fronts: servers of rigs that are processes of their own. All
// hashes are simulated.
package fleet_test
