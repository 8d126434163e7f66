package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

// version is the release; the linker sets it (-X main.version=…).
var version = "0.1.0-dev"

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "bytom-solo %s%s (Bytom %s, %s, %s/%s)\n",
				version, revision(), node.BytomVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// revision is the commit that the binary was built from, if the build knew it, and the
// version does not end with it already.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && !endsWithCommit(version, s.Value) {
			return "+" + s.Value[:12]
		}
	}
	return ""
}

// endsWithCommit reports whether a version is a commit's, as git describe has it: its short
// hash, after a tag and -g where there is one, before -dirty where it was.
func endsWithCommit(version, commit string) bool {
	version = strings.TrimSuffix(version, "-dirty")
	short := strings.TrimPrefix(version[strings.LastIndexByte(version, '-')+1:], "g")
	return len(short) >= 7 && strings.HasPrefix(commit, short)
}
