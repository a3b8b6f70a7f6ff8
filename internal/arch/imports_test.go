// Package arch holds tests of rules about the source as a whole.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "haproxy_log_exporter"

// allowed lists, for each package, which packages of this module its non-test files may import.
// A package that is missing here fails the test, so that a new one is placed on purpose.
func allowed() map[string][]string {
	return map[string][]string{
		"metrics/catalogue":  {},
		"internal/diag":      {},
		"internal/wire":      {},
		"internal/hashindex": {},
		"internal/slab":      {},
		"internal/list":      {},
		"parser":             {"internal/diag"},
		"labels/spec":        {"internal/diag"},
		"labels":             {"labels/spec", "parser", "internal/diag", "internal/wire", "internal/hashindex", "internal/list"},
		"config":             {"labels/spec", "internal/diag"},
		"tail":               {"internal/wire"},
		"state":              {},
		"syslog":             {},
		"haproxy":            {"metrics/catalogue", "internal/wire"},
		"haproxy/cfg":        {"parser", "labels/spec", "internal/diag"},
		"metrics":            {"metrics/catalogue", "labels", "labels/spec", "parser", "haproxy", "internal/diag", "internal/wire", "internal/hashindex", "internal/slab", "internal/list"},
	}
}

// free packages may import anything: they wire, generate or test.
func free(p string) bool {
	for _, prefix := range []string{"cmd/", "app", "internal/", "dashboards", "alerts", "generate", "examples/", "faults", "e2e", "bench", "deploy", "scripts"} {
		if p == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(p, strings.TrimSuffix(prefix, "/")+"/") {
			return true
		}
	}
	return false
}

type pkg struct {
	ImportPath string
	Imports    []string
	Error      *struct{ Err string }
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Error", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	rules := allowed()
	for _, p := range list(t) {
		if p.Error != nil && !strings.Contains(p.Error.Err, "no non-test Go files") {
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
			continue
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if name == p.ImportPath || free(name) {
			continue
		}
		ok, listed := rules[name]
		if !listed {
			t.Errorf("%s: no rule says what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "github.com/prometheus/client_golang") && name != "metrics" {
				t.Errorf("%s imports %s: only metrics and app may", name, imp)
			}
			own, found := strings.CutPrefix(imp, module+"/")
			if found && !contains(ok, own) {
				t.Errorf("%s imports %s, which points the wrong way", name, own)
			}
		}
	}
}

func contains(l []string, s string) bool {
	for _, x := range l {
		if x == s {
			return true
		}
	}
	return false
}
