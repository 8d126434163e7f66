package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/node"
)

// strict has a tree of commands refuse what it does not know, with exit code exitUsage: a
// misspelt command or flag, with what it is like, an argument that is missing or too
// many, a group without a command. Cobra alone prints its help then and succeeds, which a
// script takes for a yes. What arguments a command has says its Use: SEED HEADER_HASH… is
// one and one or more, [N] none or one, [A B] none or both.
func strict(root *cobra.Command) {
	root.SetFlagErrorFunc(flagError)
	// A group runs to refuse, but that is no way to use it.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", `{{if and .Runnable (not (index .Annotations "group"))}}`, 1))
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	walk(root, func(cmd *cobra.Command) {
		cmd.SuggestionsMinimumDistance = 2
		if !cmd.HasSubCommands() {
			cmd.Args = func(cmd *cobra.Command, args []string) error { return usage(checkArguments(cmd, args)) }
			return
		}
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usage(unknownCommand(cmd, args[0]))
		}
		if cmd.Runnable() {
			return
		}
		cmd.Annotations = map[string]string{"group": "yes"}
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			if !cmd.HasParent() {
				return cmd.Help()
			}
			return usage(fmt.Errorf("%s: which command? %s", cmd.CommandPath(), expectCommands(cmd)))
		}
	})
}

// walk calls f with each command of a tree.
func walk(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, child := range cmd.Commands() {
		walk(child, f)
	}
}

// newHelpCommand is cobra's, but for a command that there is not.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND…]",
		Short:   "Show the help of a command",
		Example: "  bytom-solo help testnet assert",
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, arg := range args {
				i := slices.IndexFunc(about.Commands(), func(c *cobra.Command) bool { return c.Name() == arg || c.HasAlias(arg) })
				if i < 0 {
					return usage(unknownCommand(about, arg))
				}
				about = about.Commands()[i]
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// unknownCommand says that a command has no such child, and what there is like it.
func unknownCommand(cmd *cobra.Command, name string) error {
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%s: unexpected argument %q; it takes none", cmd.CommandPath(), name)
	}
	expected := expectCommands(cmd)
	if like := cmd.SuggestionsFor(name); len(like) > 0 {
		expected = "did you mean " + strings.Join(like, " or ") + "?"
	}
	return fmt.Errorf("%s: unknown command %q; %s", cmd.CommandPath(), name, expected)
}

// expectCommands says what children a command has.
func expectCommands(cmd *cobra.Command) string {
	var names []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			names = append(names, child.Name())
		}
	}
	return fmt.Sprintf("expected one of %s; see '%s --help'", strings.Join(names, ", "), cmd.CommandPath())
}

// flagError says what is wrong with a flag, unless the command before it is: then the
// flag may well be that command's.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return usage(unknownCommand(cmd, args[0]))
	}
	if bad := (*pflag.InvalidValueError)(nil); errors.As(err, &bad) {
		f := bad.GetFlag()
		return usage(fmt.Errorf("flag --%s: %s", f.Name, node.Refusal(f, bad.GetValue(), err)))
	}
	text := ""
	if none := (*pflag.NotExistError)(nil); errors.As(err, &none) {
		if like := flagLike(cmd, none.GetSpecifiedName()); like != "" {
			text = fmt.Sprintf("; did you mean --%s?", like)
		}
	}
	return usage(fmt.Errorf("%s: %w%s; see '%[1]s --help'", cmd.CommandPath(), err, text))
}

// flagLike is the name of the flag that a name is most like; empty if it is like none.
func flagLike(cmd *cobra.Command, name string) string {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	add := func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	}
	cmd.Flags().VisitAll(add)
	if like := names.SuggestionsFor(name); len(like) > 0 {
		return like[0]
	}
	return ""
}

// checkArguments holds a command's arguments against its Use.
func checkArguments(cmd *cobra.Command, args []string) error {
	left := args
	unbegun := false // within [A B] of which nothing is there
	for _, name := range strings.Fields(cmd.Use)[1:] {
		unbegun = len(left) == 0 && (unbegun || strings.HasPrefix(name, "["))
		switch {
		case len(left) == 0 && !unbegun:
			return fmt.Errorf("argument %s is missing: expected %s", strings.Trim(name, "…]"), invocation(cmd))
		case strings.Contains(name, "…"):
			left = nil
		case len(left) > 0:
			left = left[1:]
		}
		unbegun = unbegun && !strings.HasSuffix(name, "]")
	}
	if len(left) > 0 {
		return fmt.Errorf("unexpected argument %q: expected %s", left[0], invocation(cmd))
	}
	return nil
}

// positive refuses numbers and durations of flags that are not above 0.
func positive(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		f := flags.Lookup(name)
		if text := f.Value.String(); text == "0" || text == "0s" || strings.HasPrefix(text, "-") {
			return usage(fmt.Errorf("flag --%s: value %s: expected more than 0", name, text))
		}
	}
	return nil
}

// invocation is how a command is called.
func invocation(cmd *cobra.Command) string {
	return strings.TrimSpace(cmd.Parent().CommandPath() + " " + cmd.Use)
}
