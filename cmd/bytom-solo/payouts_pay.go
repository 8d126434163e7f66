package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
)

func (r *payoutsReader) payCommand() *cobra.Command {
	asJSON, dry := false, false
	cmd := &cobra.Command{
		Use:   "pay",
		Short: "Pay now what is due, or print it with --dry-run",
		Long: `Pay now what is due, or print it with --dry-run. A running node pays by itself each
payout.every blocks.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			route := node.PayPayoutsRoute
			if dry {
				route = node.PreviewPayoutsRoute
			}
			var preview node.PayoutPreview
			if err := askHome(cmd, r.config, route, nil, &preview); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), preview)
			}
			if len(preview.Batches) > 0 {
				what := "this is paid now, and 'bytom-solo payouts status' shows what becomes of it:"
				if dry {
					what = "this would be paid now:"
				}
				fmt.Fprintln(cmd.OutOrStdout(), what)
			}
			return table.Preview(cmd.OutOrStdout(), preview)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r *payoutsReader) signCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sign [TRANSACTION FILE]",
		Short: "Print the payments that wait to be signed by hand, or bring one back that was signed",
		Example: `  bytom-solo payouts sign > unsigned.json                            # here
  jq '.[0].template' unsigned.json > template.json                   # of the first payment, whose id is beside it
  bytomcli sign-transaction -p PASSWORD "$(cat template.json)" > signed.json  # where the key is
  bytom-solo payouts sign 5f3a… signed.json                          # here again`,
		Long: `Print the payments that wait to be signed by hand, or bring one back that was signed.

Without arguments each is printed with its template, which sign-transaction of any Bytom
node takes that has the key. With its transaction's id and a file, - being the standard
input, what was signed is brought back: the raw transaction in hexadecimal, or all that
sign-transaction printed. A payment to a thousand owners is too long for a command line: then
POST {"password": "…", "transaction": TEMPLATE} to /sign-transaction of the node with the key.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				var list []node.UnsignedPayout
				if err := askHome(cmd, r.config, node.UnsignedPayoutsRoute, nil, &list); err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), list)
			}
			signed, err := readFileOr(args[1], cmd.InOrStdin())
			if err != nil {
				return err
			}
			var batch node.PayoutBatch
			if err := askHome(cmd, r.config, node.SignPayoutRoute, node.SignedPayout{ID: args[0], Signed: string(signed)}, &batch); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "transaction %s, which pays %d owners, is stored, and submitted by the node\n", batch.ID, batch.Owners)
			return err
		},
	}
	return cmd
}

// readFileOr reads a file, or the standard input for "-".
func readFileOr(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

func (r *payoutsReader) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Have owners be paid again, once what stopped payouts is put right",
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := nodeOfHome(cmd, r.config)
			if err != nil {
				return err
			}
			var before, s node.PayoutStats
			if err := get(cmd.Context(), base, node.PayoutStatsRoute, &before); err != nil {
				return err
			}
			if before.Status.Stopped == "" {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "payouts have not stopped: there is nothing to resume")
				return err
			}
			if err := askHome(cmd, r.config, node.ResumePayoutsRoute, nil, &s); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "payouts go on:")
			return table.Payouts(cmd.OutOrStdout(), s)
		},
	}
}
