package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/redact"
)

// journalReader reads the journal of found blocks: of the running node, or of its
// file where no node runs.
type journalReader struct {
	config *node.Config
	file   string
}

func newJournalCommand(config *node.Config) *cobra.Command {
	r := &journalReader{config: config}
	asJSON, latest := false, latestFlag{}
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Inspect the journal of found blocks, and submit one of them again",
		Long: `Inspect the journal of found blocks, and submit one of them again.

The running node is asked; where none answers, the journal in its home directory is
read.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := r.list(cmd)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), found)
			}
			return table.Journal(cmd.OutOrStdout(), latest.cut(cmd, found))
		},
	}
	latest.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	show, resubmit := r.showCommand(), r.resubmitCommand()
	for _, c := range []*cobra.Command{cmd, show, resubmit} {
		registerNode(c, config)
		c.Flags().StringVar(&r.file, "file", "", "read this journal file, and ask no node")
	}
	cmd.AddCommand(show, resubmit)
	return cmd
}

func (r *journalReader) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show HASH",
		Example: "  bytom-solo journal show 6a2f0c…",
		Short:   "Print all that is known of a found block as JSON, the raw block included",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := r.block(cmd, args[0])
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), b)
		},
	}
}

func (r *journalReader) resubmitCommand() *cobra.Command {
	to := ""
	cmd := &cobra.Command{
		Use:     "resubmit HASH",
		Example: "  bytom-solo journal resubmit 6a2f0c… --to http://10.0.0.2:9888",
		Short:   "Submit a found block again: to the running node, or to another",
		RunE: func(cmd *cobra.Command, args []string) error {
			if to != "" {
				return r.resubmitTo(cmd, args[0], to)
			}
			var done node.Resubmitted
			if err := askHome(cmd, r.config, node.ResubmitFoundRoute, map[string]string{"hash": args[0]}, &done); err != nil {
				if errors.Is(err, errNodeAway) {
					err = fmt.Errorf("%w; start the node, which submits what is unresolved by itself, or give --to another's URL", err)
				}
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "outcome: %s; the best chain's block of that height: %s\n", done.Outcome, done.Winner)
			return err
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "submit to this node instead, any that speaks Bytom's RPC: http://[user:password@]host:port")
	return cmd
}

// resubmitTo submits to any Bytom node, the stock one included.
func (r *journalReader) resubmitTo(cmd *cobra.Command, hash, to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return usage(fmt.Errorf("--to: value %q: expected http://host:port", redact.URL(to)))
	}
	b, err := r.block(cmd, hash)
	if err != nil {
		return err
	}
	var taken bool
	if err := ask(cmd.Context(), u, "/submit-block", map[string]string{"raw_block": b.RawBlock}, &taken); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s took it\n", redact.URL(to))
	return err
}

// list are all found blocks, the latest first.
func (r *journalReader) list(cmd *cobra.Command) (found []node.FoundBlock, err error) {
	err = r.read(func() error {
		return askHome(cmd, r.config, node.FoundBlocksRoute, nil, &found)
	}, func(j *mining.Journal) (err error) {
		found, err = node.JournalBlocks(j)
		return err
	})
	return found, err
}

// block is one found block, the raw block included.
func (r *journalReader) block(cmd *cobra.Command, hash string) (b node.FoundBlock, err error) {
	id, err := node.ParseBlockID("HASH", hash)
	if err != nil {
		return b, usage(err)
	}
	err = r.read(func() error {
		return askHome(cmd, r.config, node.FoundBlockRoute, map[string]string{"hash": hash}, &b)
	}, func(j *mining.Journal) (err error) {
		b, err = node.JournalBlock(j, id)
		return err
	})
	return b, err
}

// read asks the running node, or reads the file where none answers.
func (r *journalReader) read(ask func() error, read func(*mining.Journal) error) error {
	var away error
	path := r.file
	if path == "" {
		if away = ask(); !errors.Is(away, errNodeAway) {
			return away
		}
		r.config.Bytom.RootDir = r.config.Home(os.LookupEnv)
		path = r.config.JournalPath()
	}
	j, err := mining.ReadJournal(path)
	if err != nil {
		return unread(away, "journal", err)
	}
	return errors.Join(read(j), j.Close())
}
