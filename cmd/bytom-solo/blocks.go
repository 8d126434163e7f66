package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/node"
)

func newBlocksCommand(config *node.Config) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "blocks",
		Short: "List the blocks that a running node found, and what became of them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("api_addr") {
				if err := config.Load(cmd.Flags(), os.LookupEnv); err != nil {
					return fmt.Errorf("where does the node listen? give --api_addr: %w", err)
				}
			}
			found, err := askFoundBlocks(cmd.Context(), config.Bytom.ApiAddress)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(found)
			}
			return printFoundBlocks(cmd.OutOrStdout(), found)
		},
	}
	// The node's configuration says where it listens; its other keys are none of
	// this command's.
	config.Register(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "api_addr" })
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func askFoundBlocks(ctx context.Context, address string) ([]node.FoundBlock, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1" // It listens everywhere, here too.
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + node.FoundBlocksRoute
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the node, which must be running: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Status string
		Msg    string
		Data   []node.FoundBlock
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read the node's answer from %s: %w", url, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("the node at %s answered: %s", url, answer.Msg)
	}
	return answer.Data, nil
}

func printFoundBlocks(out io.Writer, found []node.FoundBlock) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no block found yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HEIGHT\tFOUND\tSTATE\tCONFIRMATIONS\tREWARD\tHASH\t")
	for _, f := range found {
		note := f.Reason
		if f.Winner != "" {
			note = "lost to " + f.Winner
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d.%08d BTM\t%s\t%s\n", f.Height, f.Found.Local().Format(time.DateTime),
			f.State, f.Confirmations, f.Reward/1e8, f.Reward%1e8, f.Hash, note)
	}
	return w.Flush()
}
