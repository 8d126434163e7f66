package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
)

// payoutsReader reads the books of payouts: of the running node, or of their file where no
// node runs.
type payoutsReader struct {
	config *node.Config
	file   string
}

func newPayoutsCommand(config *node.Config) *cobra.Command {
	r := &payoutsReader{config: config}
	cmd := &cobra.Command{
		Use:   "payouts",
		Short: "See who is owed what of the blocks that rigs found, why, and what was paid",
		Long: `See who is owed what of the blocks that rigs found, why, and what was paid.

The running node is asked; where none answers, the books in its home directory are read,
but for what needs the chain. docs/payouts.md explains the schemes.`,
	}
	for _, c := range []*cobra.Command{
		r.statusCommand(), r.ownersCommand(), r.explainCommand(), r.verifyCommand(), r.exportCommand(), r.payCommand(), r.signCommand(), r.resumeCommand(),
	} {
		registerNode(c, config)
		cmd.AddCommand(c)
	}
	return cmd
}

// registerFile adds the flag of the commands that need no node.
func (r *payoutsReader) registerFile(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.file, "file", "", "read these books, and ask no node")
}

// read asks the running node, or reads the file where none answers.
func (r *payoutsReader) read(cmd *cobra.Command, ask func() error, books func(*payout.Books) error) error {
	path := r.file
	var away error
	if path == "" {
		if away = ask(); !errors.Is(away, errNodeAway) {
			return away
		}
		r.config.Bytom.RootDir = r.config.Home(os.LookupEnv)
		path = r.config.PayoutsPath()
	}
	b, err := payout.Open(payout.Config{Path: path, ReadOnly: true})
	if err != nil {
		return unread(away, "books of payouts", err)
	}
	return errors.Join(books(b), b.Close())
}

func (r *payoutsReader) statusCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print what is owed and paid in all, the latest blocks and the latest payments",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s node.PayoutStats
			err := r.read(cmd, func() error {
				base, err := nodeOfHome(cmd, r.config)
				if err != nil {
					return err
				}
				return get(cmd.Context(), base, node.PayoutStatsRoute, &s)
			}, func(b *payout.Books) (err error) {
				s, err = node.DescribePayouts(b, 0)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), s)
			}
			return table.Payouts(cmd.OutOrStdout(), s)
		},
	}
	r.registerFile(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as "+node.PayoutStatsRoute+" answers it")
	return cmd
}

func (r *payoutsReader) ownersCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "owners",
		Short: "List the owners with what each is owed and was paid",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var owners []payout.Owner
			err := r.read(cmd, func() error { return askHome(cmd, r.config, node.PayoutOwnersRoute, nil, &owners) },
				func(b *payout.Books) (err error) {
					owners, err = b.Owners()
					return err
				})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), owners)
			}
			return table.Owners(cmd.OutOrStdout(), owners)
		},
	}
	r.registerFile(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r *payoutsReader) explainCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "explain BLOCK",
		Example: "  bytom-solo payouts explain 412345\n  bytom-solo payouts explain 6a2f0c…",
		Short:   "Print why each owner got what of a block, which its hash names, or its height",
		RunE: func(cmd *cobra.Command, args []string) error {
			var e node.PayoutExplanation
			err := r.read(cmd, func() error {
				return askHome(cmd, r.config, node.ExplainPayoutRoute, node.PayoutBlockRequest{Block: args[0]}, &e)
			}, func(b *payout.Books) error {
				block, err := node.ParseBlockID("block", args[0])
				if err != nil {
					return fmt.Errorf("%w: heights are known to a running node alone", err)
				}
				found, ok, why, err := b.Explain(block)
				if err == nil && !ok {
					err = errors.Join(fmt.Errorf("block %s is not split in these books", args[0]), nonEmpty(why))
				}
				e = node.ExplainPayout(found)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), e)
			}
			return table.Explanation(cmd.OutOrStdout(), e)
		},
	}
	r.registerFile(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// nonEmpty is an error of a text, nil of an empty one.
func nonEmpty(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

func (r *payoutsReader) verifyCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Split each block again by its shares and the chain, and compare with the books",
		Long: `Split each block again by its shares and the chain, and compare with the books; then the
balances with the entries, and what the books say is there with what the chain shows. A
running node does it. What is wrong is printed, and the exit code is 1 then. Of blocks
that were paid long ago the shares are gone; that is said, and is no error.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var report payout.Report
			done := working(cmd.ErrOrStderr(), "verifying the books", 0)
			err := askHome(cmd, r.config, node.VerifyPayoutsRoute, nil, &report)
			done()
			if err != nil {
				return err
			}
			print := func() error { return table.Verification(cmd.OutOrStdout(), report) }
			if asJSON {
				print = func() error { return printJSON(cmd.OutOrStdout(), report) }
			}
			if err := print(); err != nil {
				return err
			}
			if n := len(report.Problems); n > 0 {
				return fmt.Errorf("the books are wrong in %d points", n)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (r *payoutsReader) exportCommand() *cobra.Command {
	format := "ledger"
	cmd := &cobra.Command{
		Use:     "export",
		Example: "  bytom-solo payouts export --format ledger | ledger -f - balance",
		Short:   "Print the books for ledger-cli and hledger, beancount, tables or programs",
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if !slices.Contains(payout.ExportFormats, format) {
				return usage(fmt.Errorf("flag --format: value %q: expected one of %s", format, strings.Join(payout.ExportFormats, ", ")))
			}
			return r.read(cmd, func() error {
				var export node.PayoutExport
				done := working(cmd.ErrOrStderr(), "exporting the books", 0)
				err := askHome(cmd, r.config, node.ExportPayoutsRoute, node.PayoutExportRequest{Format: format}, &export)
				done()
				if err != nil {
					return err
				}
				_, err = io.WriteString(out, export.Text)
				return err
			}, func(b *payout.Books) error { return b.Export(out, format) })
		},
	}
	r.registerFile(cmd)
	cmd.Flags().StringVar(&format, "format", format, strings.Join(payout.ExportFormats, ", "))
	return cmd
}
