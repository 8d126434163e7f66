package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
)

func newTokenCommand(config *node.Config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and delete the access tokens by which other machines use the RPC",
		Long: `Make, list and delete the access tokens by which other machines use the RPC.

The running node is asked; where none answers, the home directory's tokens are opened.
A token is NAME:SECRET, which clients send as HTTP's user name and password, and
commands take by --token, by the environment's TM_TOKEN or in a URL.`,
	}
	create := &cobra.Command{
		Use: "create NAME", Short: "Make a token and print it as NAME:SECRET",
		Example: "  bytom-solo token create rig1",
		RunE: func(cmd *cobra.Command, args []string) error {
			var made node.Token
			err := withTokens(cmd, config, "/create-access-token", map[string]string{"id": args[0], "type": "client"}, &made,
				func(t *node.Tokens) (err error) { made, err = t.Create(args[0]); return err })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), made.Token)
			return err
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "List the tokens, without their secrets",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []node.Token
			err := withTokens(cmd, config, "/list-access-tokens", nil, &all, func(t *node.Tokens) (err error) { all, err = t.List(); return err })
			if err != nil {
				return err
			}
			return table.Tokens(cmd.OutOrStdout(), all)
		},
	}
	remove := &cobra.Command{
		Use: "delete NAME", Short: "Delete a token, which is good for nothing from then on",
		Example: "  bytom-solo token delete rig1",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withTokens(cmd, config, "/delete-access-token", map[string]string{"id": args[0]}, nil,
				func(t *node.Tokens) error { return t.Delete(args[0]) })
		},
	}
	for _, c := range []*cobra.Command{create, list, remove} {
		registerNode(c, config)
	}
	cmd.AddCommand(create, list, remove)
	return cmd
}

// withTokens asks the running node, or opens its home's tokens where none answers: where
// nobody has named the home, it is said which one that is.
func withTokens(cmd *cobra.Command, config *node.Config, route string, in, out any, open func(*node.Tokens) error) error {
	away := askHome(cmd, config, route, in, out)
	if !errors.Is(away, errNodeAway) {
		return away
	}
	config.Bytom.RootDir = config.Home(os.LookupEnv)
	tokens, err := node.OpenTokens(config)
	if err != nil {
		return fmt.Errorf("%w; its tokens can't be opened either: %w", away, err)
	}
	if !isNamed(cmd) {
		fmt.Fprintf(cmd.ErrOrStderr(), "no node answers; the tokens are those of the home %s\n", config.Bytom.RootDir)
	}
	return errors.Join(open(tokens), tokens.Close())
}
