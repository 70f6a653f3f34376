package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command line before its arguments, since
// urfave stops looking for flags at the first argument. What follows "--" is
// left as it is.
func flagsFirst(app *cli.App, args []string) []string {
	commands, at, words := app.Commands, -1, 1
	var command *cli.Command
	for ; words < len(args); words++ {
		at = slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[words]) })
		if at < 0 {
			break
		}
		command = commands[at]
		commands = command.Subcommands
	}
	if command == nil {
		return args
	}
	var flags, rest []string
	for i := words; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		flags = append(flags, arg)
		if i+1 < len(args) && takesValue(command, arg) {
			i++
			flags = append(flags, args[i])
		}
	}
	return slices.Concat(args[:words], flags, rest)
}

// takesValue reports whether the argument after a flag is its value.
func takesValue(c *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range c.Flags {
		if _, isBool := f.(*cli.BoolFlag); slices.Contains(f.Names(), name) {
			return !isBool
		}
	}
	return false
}
