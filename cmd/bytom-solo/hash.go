package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
)

func newHashCommand(terminal io.Writer) *cobra.Command {
	devices := node.AllDevices
	cmd := &cobra.Command{
		Use:   "hash SEED HEADER_HASH…",
		Short: "Compute Tensority hashes on every backend, for checking a rig by hand",
		Long: `Compute Tensority hashes on every backend, for checking a rig by hand.

SEED and each HEADER_HASH are 64 hexadecimal characters each, in the order that
nodes print them. Prints a line for each header hash and backend: the backend's name
and the result. Fails if they differ.`,
		Example: `  bytom-solo hash \
    0737520781345b11b7bd0f843c1bdd9aea81b6da94fd141cc9f2df53ac6744d2 \
    d0dad73fb2dabf3353fda15571b4e5f6ac62ff187b354fadd4840d9ff2f1afdf`,
		RunE: func(cmd *cobra.Command, args []string) error {
			seed, err := parseHash("SEED", args[0])
			if err != nil {
				return err
			}
			var headers [][32]byte
			for _, arg := range args[1:] {
				header, err := parseHash("HEADER_HASH", arg)
				if err != nil {
					return err
				}
				headers = append(headers, header)
			}
			return withBackends(cmd.Context(), terminal, devices, func(all []compute.Backend) error {
				return printHashes(cmd.Context(), cmd.OutOrStdout(), all, seed, headers)
			})
		},
	}
	cmd.Flags().StringVarP(&devices, "devices", "d", devices, "backends to compute on: all, auto for the fastest, or names")
	return cmd
}

func parseHash(name, text string) (h [32]byte, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return h, fmt.Errorf("argument %s: value %q: expected 64 hexadecimal characters", name, text)
	}
	copy(h[:], raw)
	return h, nil
}

func printHashes(ctx context.Context, out io.Writer, all []compute.Backend, seed [32]byte, headers [][32]byte) error {
	for _, header := range headers {
		if err := printHash(ctx, out, all, seed, header); err != nil {
			return err
		}
	}
	return nil
}

func printHash(ctx context.Context, out io.Writer, all []compute.Backend, seed, header [32]byte) error {
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
