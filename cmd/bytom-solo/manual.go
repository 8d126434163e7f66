package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManualCommand prints the page bytom-solo(1), for who packages the program.
func newManualCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "manual",
		Short:  "Print the manual page bytom-solo(1), from what --help says",
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := bufio.NewWriter(cmd.OutOrStdout())
			m := manual{out: out, folders: userFolders()}
			m.page(cmd.Root())
			return out.Flush()
		},
	}
}

// userFolders has the folders of the user who prints the page replaced by their common names: the page is
// the same whoever prints it. Longer ones come first, as one may be in another.
func userFolders() *strings.Replacer {
	var pairs []string
	if cache, err := os.UserCacheDir(); err == nil {
		pairs = append(pairs, `"`+cache, `"~/.cache`)
	}
	if home, err := os.UserHomeDir(); err == nil {
		pairs = append(pairs, `"`+home, `"~`)
	}
	return strings.NewReplacer(pairs...)
}

// manual writes a manual page in troff's macros man(7). Errors of out are its reader's to find.
type manual struct {
	out     io.Writer
	folders *strings.Replacer
}

func (m *manual) page(root *cobra.Command) {
	m.request(`.TH BYTOM\-SOLO 1 "" "bytom\-solo ` + troff(version) + `"`)
	m.section("NAME")
	m.paragraph(root.Name() + " - " + strings.ToLower(root.Short[:1]) + root.Short[1:])
	m.section("SYNOPSIS")
	m.paragraph(root.Name() + " COMMAND [flags]")
	m.section("DESCRIPTION")
	m.text(root.Long)
	m.literal(root.Example)
	m.section("OPTIONS")
	m.flags(root.PersistentFlags())
	m.section("COMMANDS")
	walk(root, func(cmd *cobra.Command) {
		if cmd != root && cmd.IsAvailableCommand() {
			m.command(cmd)
		}
	})
	m.section("EXIT STATUS")
	m.paragraph(fmt.Sprintf("0 after success or a clean stop, %d where the command line is wrong, %d where a command was interrupted before it was done, "+
		"1 after any other failure. What rig and health end with is said there.", exitUsage, exitInterrupted))
	m.section("SEE ALSO")
	m.paragraph("The folder docs that comes with the program, /usr/share/doc/bytom-solo/docs where a package has put it: " +
		"first-block.md is a beginning, operating.md has files and settings, runbook.md says what to do at each fault.")
}

// command writes what the help of one says.
func (m *manual) command(cmd *cobra.Command) {
	m.request(".SS " + troff(invocation(cmd)))
	if cmd.Long != "" {
		m.text(cmd.Long)
	} else {
		m.paragraph(cmd.Short + ".")
	}
	m.flags(cmd.NonInheritedFlags())
	m.literal(cmd.Example)
}

// text writes paragraphs, which empty lines part. One with indented lines stays as it is.
func (m *manual) text(text string) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if part = "\n" + part; strings.Contains(part, "\n  ") || strings.Contains(part, "\n\t") {
			m.literal(part)
			continue
		}
		m.paragraph(part[1:])
	}
}

func (m *manual) paragraph(text string) {
	m.request(".PP")
	m.lines(text)
}

// literal writes lines as they are, such as examples.
func (m *manual) literal(text string) {
	if text = strings.Trim(text, "\n"); text == "" {
		return
	}
	m.request(".PP\n.nf")
	m.lines(text)
	m.request(".fi")
}

// flags writes a line of help for each flag but --help.
func (m *manual) flags(flags *pflag.FlagSet) {
	for line := range strings.Lines(flags.FlagUsages()) {
		flag, use, _ := strings.Cut(strings.TrimSpace(line), "   ")
		if flag == "-h, --help" {
			continue
		}
		m.request(".TP")
		m.lines(flag)
		m.lines(strings.TrimSpace(m.folders.Replace(use)))
	}
}

func (m *manual) section(name string) { m.request(".SH " + name) }

func (m *manual) request(line string) { _, _ = fmt.Fprintln(m.out, line) }

// lines writes text, of which no line is taken for a request.
func (m *manual) lines(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		m.request(`\&` + troff(line))
	}
}

// special are characters that troff would take for others. What is copied from the page is what
// the program takes.
var special = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`, "\t", "    ",
	// Terminals that have ASCII alone would show nothing in their place.
	"…", "...", "×", "x")

// troff has text in ASCII, without anything that troff has a use for.
func troff(text string) string {
	var b strings.Builder
	for _, r := range special.Replace(text) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\[u%04X]`, r)
	}
	return b.String()
}
