// Package chaos_test has a network live through faults that are drawn at random: four nodes, two of
// them stock ones, an engine, fronts and rigs. In the end everything is healed, and nothing may be
// missing.
package chaos_test
