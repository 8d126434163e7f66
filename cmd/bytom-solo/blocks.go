package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

func newBlocksCommand(config *node.Config) *cobra.Command {
	asJSON, latest := false, latestFlag{}
	cmd := &cobra.Command{
		Use:   "blocks",
		Short: "List the blocks that a running node found, and what became of them",
		Long: `List the blocks that a running node found, and what became of them. 'bytom-solo journal'
tells more, and reads the file where no node runs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found []node.FoundBlock
			if err := askHome(cmd, config, node.FoundBlocksRoute, nil, &found); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), found)
			}
			return printFoundBlocks(cmd.OutOrStdout(), latest.cut(cmd, found))
		},
	}
	registerNode(cmd, config)
	latest.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the whole life of each")
	return cmd
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printFoundBlocks(out io.Writer, found []node.FoundBlock) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no block found yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HEIGHT\tFOUND\tSTATE\tCONFIRMATIONS\tREWARD\tFOUND BY\tHASH\t")
	for _, f := range found {
		reward, note := "-", f.Reason
		if f.Reward > 0 {
			reward = btm(f.Reward)
		}
		if f.Winner != "" {
			note = "lost to " + f.Winner
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", f.Height, f.Found.Local().Format(time.DateTime),
			stateOf(f), f.Confirmations, reward, dash(f.FoundBy.String()), f.Hash, note)
	}
	return w.Flush()
}

// stateOf is a block's state, as people want to know it.
func stateOf(f node.FoundBlock) string {
	if f.LostToOwn {
		return "lost to own"
	}
	return f.State
}

// btm is an amount as people write it.
func btm(amount uint64) string { return fmt.Sprintf("%d.%08d BTM", amount/1e8, amount%1e8) }
