package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

// TestTheLatestBlocksArePrinted has tables of as many found blocks as were asked for.
func TestTheLatestBlocksArePrinted(t *testing.T) {
	for _, test := range []struct {
		args        []string
		found, want int
		said        string
	}{
		{nil, 19, 19, ""},
		{nil, 20, 20, ""},
		{nil, 21, 20, "the latest 20 of 21; --last 0 prints all\n"},
		{[]string{"--last", "1"}, 3, 1, "the latest 1 of 3; --last 0 prints all\n"},
		{[]string{"--last", "0"}, 300, 300, ""},
		{nil, 0, 0, ""},
	} {
		found := make([]node.FoundBlock, test.found)
		for i := range found {
			found[i].Height = uint64(test.found - i)
		}
		var latest latestFlag
		var said bytes.Buffer
		var got []node.FoundBlock
		cmd := &cobra.Command{Use: "x", Run: func(cmd *cobra.Command, _ []string) { got = latest.cut(cmd, found) }}
		latest.register(cmd)
		cmd.SetErr(&said)
		cmd.SetArgs(append([]string{}, test.args...))
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if len(got) != test.want || said.String() != test.said || len(got) > 0 && got[0].Height != uint64(test.found) {
			t.Errorf("%v of %d: %d blocks, %q; expected %d, %q", test.args, test.found, len(got), said.String(), test.want, test.said)
		}
	}
	if _, err := command(t, "blocks", "--last", "-1"); err == nil || !strings.Contains(err.Error(), "-1") {
		t.Errorf("--last -1: %v", err)
	}
}
