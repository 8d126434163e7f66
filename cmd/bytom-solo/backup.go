package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/node"
)

// backupLimit is how long a backup may take: the shares of many rigs are gigabytes.
const backupLimit = 30 * time.Minute

func newBackupCommand(config *node.Config) *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Have the running node write a backup of all that the network can't give back",
		Long: `Have the running node write a backup of all that the network can't give back: found blocks,
what rigs did, payouts, the wallet's keys and accounts, config.toml.

The node writes it to the folder backup in its home directory, in place of the last one, and
goes on mining meanwhile. --out copies it to a folder of this machine that does not exist yet.
While no node runs, copy the home directory itself. docs/operating.md says how to restore.`,
		Example: `  bytom-solo backup
  bytom-solo backup --out /mnt/backup/$(date +%F)`,
		RunE: func(cmd *cobra.Command, _ []string) error { return backUp(cmd, config, out) },
	}
	registerNode(cmd, config)
	cmd.Flags().StringVar(&out, "out", "", "copy it to this folder, which must not exist yet")
	return cmd
}

func backUp(cmd *cobra.Command, config *node.Config, out string) error {
	if out != "" { // Known before the node does its work.
		if _, err := os.Stat(out); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("--out: %w", err)
		} else if err == nil {
			return usage(fmt.Errorf("--out: value %q: expected a folder that does not exist yet", out))
		}
	}
	base, err := nodeOfHome(cmd, config)
	if err != nil {
		return err
	}
	var b node.Backup
	err = callWithin(cmd.Context(), backupLimit, base, func(ctx context.Context, c *client.Client) error {
		return c.Call(ctx, node.BackupRoute, nil, &b)
	})
	if err != nil {
		return err
	}
	where := b.Folder
	if out != "" {
		if where, err = copyBackup(b, out); err != nil {
			return fmt.Errorf("copy the backup, which is in %s on the node's machine: %w", b.Folder, err)
		}
	}
	for _, f := range b.Files {
		fmt.Fprintf(cmd.OutOrStdout(), "%12d  %s\n", f.Bytes, f.Name)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), where)
	return err
}

// readable is nil for a backup that this user can read, else it says what to do.
func readable(from string) error {
	files, err := os.Open(from)
	switch {
	case err == nil:
		return files.Close()
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the node's home directory is for the node's user alone: run this command as that user, as in 'sudo -u bytom-solo', with --out in a folder that it may write to", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: --out copies on the node's own machine, outside of a container that it runs in only where the home directory is mounted at the same place: run this command there", err)
	}
	return err
}

// copyBackup copies a backup to a new folder.
func copyBackup(b node.Backup, to string) (where string, err error) {
	if where, err = filepath.Abs(to); err != nil {
		return "", err
	}
	if err := readable(b.Folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(where), 0o755); err != nil {
		return "", err
	}
	return where, b.CopyTo(where)
}
