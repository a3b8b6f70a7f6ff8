// Command configdoc puts the table of configuration keys into the page that it is given.
package main

import (
	"fmt"
	"os"

	"haproxy_log_exporter/config"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: configdoc docs/configuration.md")
	}
	page, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	page, err = config.Page(page)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], page, 0o644)
}
