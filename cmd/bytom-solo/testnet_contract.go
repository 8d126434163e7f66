package main

import (
	"encoding/hex"
	"fmt"
	"os"

	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/spf13/cobra"
)

func (l *localNetwork) compileCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compile FILE [PARAMETER…]",
		Short: "Compile a contract in Equity; prints its control program",
		Long: `Compile a contract in Equity; prints its control program.

A parameter is true or false, int:NUMBER, text:TEXT, or bytes in hexadecimal.`,
		Example: "  bytom-solo testnet compile reveal.equity 1a2b3c…",
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			parameters := make([]any, len(args)-1)
			for i, arg := range args[1:] {
				if parameters[i], err = testnet.ParseParameter(arg); err != nil {
					return err
				}
			}
			c, err := l.client()
			if err != nil {
				return err
			}
			program, err := c.Compile(cmd.Context(), string(source), parameters...)
			if err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"program": program}, "%x", []byte(program))
		},
	}
}

func (l *localNetwork) lockCommand() *cobra.Command {
	var fee func() (uint64, error)
	cmd := &cobra.Command{
		Use:     "lock NODE PROGRAM ASSET AMOUNT",
		Example: "  bytom-solo testnet lock 0 20ae… ffff… 1000",
		Short:   "Pay an asset of a node's account to a contract; prints the output's id",
		RunE: func(cmd *cobra.Command, args []string) error {
			program, err := hex.DecodeString(args[1])
			if err != nil {
				return fmt.Errorf("argument PROGRAM: value %.40q: expected hexadecimal, as 'compile' prints it", args[1])
			}
			a, amount, paid, err := l.assetArguments(args[0], args[3], fee)
			if err != nil {
				return err
			}
			id, err := a.Lock(cmd.Context(), program, args[2], amount, paid)
			if err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"output_id": id}, "%s", id)
		},
	}
	fee = registerFee(cmd)
	return cmd
}

func (l *localNetwork) unlockCommand() *cobra.Command {
	var fee func() (uint64, error)
	cmd := &cobra.Command{
		Use:   "unlock NODE OUTPUT [ARGUMENT…]",
		Short: "Spend a contract's output to a node's account; prints the transaction's id",
		Long: `Spend a contract's output to a node's account; prints the transaction's id.

The arguments of the contract's clause are text:TEXT, or bytes in hexadecimal.`,
		Example: "  bytom-solo testnet unlock 1 9f3c… text:secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := l.account(args[0])
			if err != nil {
				return err
			}
			arguments := make([][]byte, len(args)-2)
			for i, arg := range args[2:] {
				if arguments[i], err = testnet.ParseBytes(arg); err != nil {
					return err
				}
			}
			paid, err := fee()
			if err != nil {
				return err
			}
			home, err := a.Address(cmd.Context())
			if err != nil {
				return err
			}
			id, err := a.Unlock(cmd.Context(), args[1], home.Address, paid, arguments...)
			if err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"tx_id": id}, "%s", id)
		},
	}
	fee = registerFee(cmd)
	return cmd
}
