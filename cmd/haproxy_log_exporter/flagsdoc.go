package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// writeFlags writes docs/flags.md: every command, argument and flag that is not hidden, from what kingpin knows.
func writeFlags(w io.Writer, m *kingpin.ApplicationModel) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Commands and flags\n\nGenerated from the command line itself by `make docs`; do not edit.\n\n%s\n", m.Help)
	b.WriteString("\nFlags win over the configuration file ([configuration.md](configuration.md)), the file over haproxy.cfg, and that over what is found on the host.\n")
	b.WriteString("Exit codes: 0 fine, 1 problems were found, 2 usage.\n")
	b.WriteString("\n## Flags of every command\n\n")
	writeFlagTable(&b, m.Flags)
	for _, c := range m.FlattenedCommands() {
		if c.Hidden || c.FullCommand == "help" {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", commandLine(c), c.Help)
		if len(c.Args) > 0 {
			b.WriteString("\n| argument | meaning |\n|---|---|\n")
			for _, a := range c.Args {
				fmt.Fprintf(&b, "| `%s` | %s |\n", a.Name, cell(a.Help))
			}
		}
		if hasFlags(c.Flags) {
			b.WriteString("\n")
			writeFlagTable(&b, c.Flags)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func commandLine(c *kingpin.CmdModel) string {
	text := c.FullCommand
	for _, a := range c.Args {
		arg := a.Name
		if v, ok := a.Value.(interface{ IsCumulative() bool }); ok && v.IsCumulative() {
			arg += "…"
		}
		if !a.Required {
			arg = "[" + arg + "]"
		}
		text += " " + arg
	}
	return text
}

func hasFlags(flags []*kingpin.FlagModel) bool {
	for _, f := range flags {
		if !f.Hidden {
			return true
		}
	}
	return false
}

func writeFlagTable(b *strings.Builder, flags []*kingpin.FlagModel) {
	b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		name, preset := "--"+f.Name, strings.Join(f.Default, ", ")
		switch {
		case f.Name == "help" || f.Name == "version":
			preset = ""
		case f.IsBoolFlag():
			name, preset = "--[no-]"+f.Name, "off"
		case !f.IsBoolFlag():
			name += "=" + strings.Trim(f.FormatPlaceHolder(), `"`)
		}
		help := f.Help
		if f.Envar != "" {
			help += " Environment: `" + f.Envar + "`."
		}
		if preset != "" {
			preset = "`" + preset + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", strings.ReplaceAll(name, "|", `\|`), preset, cell(help))
	}
}

// cell makes a text safe in a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
