package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

// latestFlag says how many found blocks a table has: a solonet finds hundreds in minutes.
type latestFlag struct{ count uint }

func (l *latestFlag) register(cmd *cobra.Command) {
	cmd.Flags().UintVar(&l.count, "last", 20, "print the latest so many, 0 for all; --json has all")
}

// cut leaves the latest of found, which come first, and says on stderr how many there are
// besides.
func (l *latestFlag) cut(cmd *cobra.Command, found []node.FoundBlock) []node.FoundBlock {
	if l.count == 0 || uint(len(found)) <= l.count {
		return found
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "the latest %d of %d; --last 0 prints all\n", l.count, len(found))
	return found[:l.count]
}
