package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"haproxy_log_exporter/app"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"haproxy_log_exporter": func() {
			os.Exit(run(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// TestScripts runs the real binary: a script for each promise of the README and for each kind of
// bad input. UPDATE_SCRIPTS=1 rewrites the expected output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("STATE_DIRECTORY", "")
			return nil
		}})
}
