// Package table prints what the program knows as tables for people: found blocks, rigs,
// devices, benchmarks, local networks. Columns are aligned with blanks.
package table
