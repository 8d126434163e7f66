// Package selection chooses which transactions of the pool go into a block, by the fees
// that they pay and by the operator's overrides, and explains the choice.
package selection
