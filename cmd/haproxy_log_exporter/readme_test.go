package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"haproxy_log_exporter/app"
)

// TestReadmeCommands parses every command of the README and the install guide with the real flags,
// and asks make for every target they name. What the commands do is tested by the scripts in testdata.
func TestReadmeCommands(t *testing.T) {
	block := regexp.MustCompile("(?s)```sh\n(.*?)```")
	found := 0
	for _, page := range []string{"../../README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range block.FindAllStringSubmatch(string(text), -1) {
			for _, line := range strings.Split(strings.TrimSpace(b[1]), "\n") {
				found++
				words := shellWords(line)
				switch name := strings.TrimPrefix(words[0], "bin/"); name {
				case "make":
					if out, err := exec.Command("make", "-C", "../..", "-n", words[1]).CombinedOutput(); err != nil {
						t.Errorf("%s: %s: %s", page, line, out)
					}
				case "haproxy_log_exporter":
					c, _, _ := newCommands(app.Streams{Out: io.Discard, Err: io.Discard})
					if _, err := c.app.Parse(standIn(words[1:])); err != nil {
						t.Errorf("%s: %s: %s", page, line, err)
					}
				default:
					t.Errorf("%s: nothing tests the command %q", page, line)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d commands were found", found)
	}
}

// TestFlagsPage: docs/flags.md is what `make docs` writes, and holds every flag that --help shows.
func TestFlagsPage(t *testing.T) {
	c, _, _ := newCommands(app.Streams{Out: io.Discard, Err: io.Discard})
	var want strings.Builder
	if err := writeFlags(&want, c.app.Model()); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/flags.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != want.String() {
		t.Error("docs/flags.md is not current: run make docs")
	}
	var help strings.Builder
	for _, m := range c.app.Model().FlattenedCommands() {
		if m.Hidden {
			continue
		}
		h, _, _ := newCommands(app.Streams{Out: &help, Err: io.Discard})
		_, _ = h.app.Parse(append(strings.Fields(m.FullCommand), "--help")) // an argument that is missing does not matter
	}
	flags := regexp.MustCompile(`(?m)^ {2,6}(?:-h, )?--(?:\[no-\])?([a-z][a-z.-]+[a-z])`).FindAllStringSubmatch(help.String(), -1)
	if len(flags) < 30 {
		t.Fatalf("--help shows only %d flags", len(flags))
	}
	for _, f := range flags {
		if !strings.Contains(string(page), "`--"+f[1]) && !strings.Contains(string(page), "`--[no-]"+f[1]) {
			t.Errorf("docs/flags.md does not name --%s", f[1])
		}
	}
}

// shellWords splits a line as a shell does when it has nothing but words and single quotes.
func shellWords(line string) []string {
	var out []string
	for _, w := range regexp.MustCompile(`(?:'[^']*'|[^'\s])+`).FindAllString(line, -1) {
		out = append(out, strings.ReplaceAll(w, "'", ""))
	}
	return out
}
