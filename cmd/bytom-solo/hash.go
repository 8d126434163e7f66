package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
)

func newHashCommand(terminal io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "hash SEED HEADER_HASH",
		Short: "Compute one Tensority hash on every backend, for checking a rig by hand",
		Long: `Compute one Tensority hash on every backend, for checking a rig by hand.

SEED and HEADER_HASH are 64 hexadecimal characters each, in the order that nodes
print them. Prints a line for each backend: its name and the result. Fails if they
differ.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			seed, err := parseHash("SEED", args[0])
			if err != nil {
				return err
			}
			header, err := parseHash("HEADER_HASH", args[1])
			if err != nil {
				return err
			}
			return withBackends(cmd.Context(), terminal, func(all []compute.Backend) error {
				return printHashes(cmd.Context(), cmd.OutOrStdout(), all, seed, header)
			})
		},
	}
}

func parseHash(name, text string) (h [32]byte, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, fmt.Errorf("argument %s: value %q: expected 64 hexadecimal characters", name, text)
	}
	copy(h[:], raw)
	return h, nil
}

// withBackends opens all backends for the time of a call.
func withBackends(ctx context.Context, terminal io.Writer, f func([]compute.Backend) error) (err error) {
	config := node.NewConfig()
	config.Bytom.LogLevel = "error"
	log, err := config.OpenLog(terminal)
	if err != nil {
		return err
	}
	all, err := node.OpenBackends(ctx, node.AllDevices, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.CloseBackends(all)) }()
	return f(all)
}

func printHashes(ctx context.Context, out io.Writer, all []compute.Backend, seed, header [32]byte) error {
	var first [32]byte
	for i, b := range all {
		result, err := hashOnce(ctx, b, seed, header)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Info().Name, err)
		}
		if i == 0 {
			first = result
		}
		if _, err := fmt.Fprintf(out, "%s %x\n", b.Info().Name, result); err != nil {
			return err
		}
		if result != first {
			return fmt.Errorf("%s and %s differ: one of them computes wrong hashes", all[0].Info().Name, b.Info().Name)
		}
	}
	return nil
}

func hashOnce(ctx context.Context, b compute.Backend, seed, header [32]byte) ([32]byte, error) {
	v := compute.NewVerifier(b)
	defer v.Close()
	return v.Hash(ctx, header, seed)
}
