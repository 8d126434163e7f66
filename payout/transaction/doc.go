// Package transaction builds the transactions that pay owners: which outputs are spent for
// which payments, how many fit in one transaction, and what fee that takes by the rules of
// Bytom's chain. It knows formats alone: no chain, no wallet, no books.
package transaction
