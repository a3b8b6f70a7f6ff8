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

// shellWords splits a line as a shell does when it has nothing but words and single quotes.
func shellWords(line string) []string {
	var out []string
	for _, w := range regexp.MustCompile(`(?:'[^']*'|[^'\s])+`).FindAllString(line, -1) {
		out = append(out, strings.ReplaceAll(w, "'", ""))
	}
	return out
}
