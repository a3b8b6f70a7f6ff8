package parser

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusFormats reads NAME.logformat: the formats that the lines of a corpus may follow.
func corpusFormats(t testing.TB, name string) []Format {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "corpora", name+".logformat"))
	if err != nil {
		t.Fatal(err)
	}
	formats := []Format{presetFormat(t, "tcplog")}
	for line := range strings.SplitSeq(string(data), "\n") {
		if rest, ok := strings.CutPrefix(line, "log-format"); ok {
			text := strings.TrimSpace(rest)
			formats = append(formats, Format{Name: "log-format", Text: text[1 : len(text)-1]})
		}
		for option, preset := range map[string]string{"option httpslog": "httpslog", "option httplog clf": "clf", "option httplog": "httplog"} {
			if strings.TrimSpace(line) == option || name == "wrap-26" && option == "option httplog" && strings.Contains(line, option) {
				formats = append(formats, presetFormat(t, preset))
			}
		}
	}
	return formats
}

func presetFormat(t testing.TB, name string) Format {
	t.Helper()
	text, ok := Preset(name)
	if !ok {
		t.Fatalf("no preset %s", name)
	}
	return Format{Name: name, Text: text}
}

func linesOf(t testing.TB, file string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "corpora", file))
	if err != nil {
		t.Fatal(err)
	}
	// Slack behind the last line, as the hot path has.
	data = append(bytes.TrimSuffix(data, []byte("\n")), make([]byte, slack)...)
	return bytes.Split(data[:len(data)-slack], []byte("\n"))
}

// newSet compiles formats or fails the test.
func newSet(t testing.TB, opt SetOptions, formats ...Format) *Set {
	t.Helper()
	s, err := NewSet(formats, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
