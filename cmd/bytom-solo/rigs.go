package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/node"
)

func newRigsCommand(config *node.Config) *cobra.Command {
	file, days, asJSON := "", 0.0, false
	cmd := &cobra.Command{
		Use:   "rigs",
		Short: "List the rigs that mine for this node by Stratum, and what they did",
		Long: `List the rigs that mine for this node by Stratum, and what they did.

The running node is asked; where none answers, the ledger in its home directory is
read. A hashrate is the accepted shares' work by the time, times without a
connection included. With --days: the work of so many days, the blocks that it was to
find on average, those that it found, their ratio, which is the luck, and each rig's
part of the work.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := listRigs(cmd, config, file, days)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			if days > 0 {
				return table.Contributions(cmd.OutOrStdout(), list, time.Now())
			}
			return table.Rigs(cmd.OutOrStdout(), list, time.Now())
		},
	}
	registerNode(cmd, config)
	cmd.Flags().StringVar(&file, "file", "", "read this ledger file, and ask no node")
	cmd.Flags().Float64Var(&days, "days", 0, "tell what was done in the last so many days; 0 is since each rig's first login")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listRigs asks the running node, or reads the file where none answers.
func listRigs(cmd *cobra.Command, config *node.Config, path string, days float64) (list node.RigList, err error) {
	var away error
	if path == "" {
		away = askHome(cmd, config, node.RigsRoute, map[string]float64{"days": days}, &list)
		if !errors.Is(away, errNodeAway) {
			return list, away
		}
		config.Bytom.RootDir = config.Home(os.LookupEnv)
		path = config.LedgerPath()
	}
	l, err := ledger.Read(path)
	if err != nil {
		return list, unread(away, "ledger", err)
	}
	list, err = node.DescribeRigs(l, nil, days, time.Now())
	return list, errors.Join(err, l.Close())
}
