package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

func newInitCommand(config *node.Config) *cobra.Command {
	chainID := "mainnet"
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a data directory with a config.toml",
		Long: `Make a data directory, --home, with a config.toml for a network. One that is there
already is left as it is.`,
		Example: "  bytom-solo init --chain_id solonet --home ~/solonet",
		RunE: func(cmd *cobra.Command, _ []string) error {
			network, ok := node.NetworkNamed(chainID)
			if !ok {
				return fmt.Errorf("flag --chain_id: value %q: expected mainnet, testnet (or wisdom) or solonet", chainID)
			}
			home := config.Home(os.LookupEnv)
			path, err := network.InitHome(home, cmd.Flags().Changed("chain_id"))
			if errors.Is(err, fs.ErrExist) {
				fmt.Fprintln(cmd.OutOrStdout(), path, "exists already"+named(home)+" and was left as it is")
				return nil
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&chainID, "chain_id", chainID, "network: mainnet, testnet (which config.toml and the node call wisdom) or solonet")
	return cmd
}

// named says which network's configuration a home has.
func named(home string) string {
	if file, _, err := node.HomeNetworks(home); err == nil && file != "" {
		return ", for " + file + ","
	}
	return ""
}
