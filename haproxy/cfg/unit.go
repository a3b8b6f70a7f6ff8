package cfg

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Unit is what a systemd unit says about how HAProxy is started.
type Unit struct {
	Files []string // -f, in order
	// MasterSocket is the address of -S as the exporter's flags want it, "" without one.
	MasterSocket string
	MasterLevel  string // level of the master CLI, "admin" by default
	// Env is the environment the unit sets. Secrets may be among it: never print it.
	Env map[string]string
}

// ReadUnit reads haproxy.service and its drop-ins under root ("/" on a host). It is found false
// when no unit file exists.
func ReadUnit(root string) (u Unit, found bool) {
	dirs := []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}
	u.Env = map[string]string{}
	var files []string
	for _, d := range dirs {
		path := filepath.Join(root, d, "haproxy.service")
		if _, err := os.Stat(path); err == nil {
			files = append(files, path)
			break
		}
	}
	if len(files) == 0 {
		return u, false
	}
	byName := map[string]string{} // a drop-in hides those of the same name in later folders
	for i := len(dirs) - 1; i >= 0; i-- {
		names, err := filepath.Glob(filepath.Join(root, dirs[i], "haproxy.service.d", "*.conf"))
		if err != nil {
			continue
		}
		for _, n := range names {
			byName[filepath.Base(n)] = n
		}
	}
	for _, base := range sortedKeys(byName) {
		files = append(files, byName[base])
	}
	exec := ""
	for _, f := range files {
		exec = u.read(root, f, exec)
	}
	u.command(exec)
	return u, true
}

// read takes over one unit file or drop-in and returns the ExecStart that holds after it.
func (u *Unit) read(root, file, exec string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return exec
	}
	text := strings.ReplaceAll(string(b), "\\\n", " ")
	for raw := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(raw), "=")
		if !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Environment":
			for _, w := range systemdWords(value) {
				if name, v, ok := strings.Cut(w, "="); ok {
					u.Env[name] = v
				}
			}
		case "EnvironmentFile":
			u.environmentFile(filepath.Join(root, strings.TrimPrefix(value, "-")))
		case "ExecStart":
			exec = value
		}
	}
	return exec
}

func (u *Unit) environmentFile(path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for raw := range strings.Lines(string(b)) {
		name, v, ok := strings.Cut(strings.TrimSpace(raw), "=")
		if ok && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, ";") {
			u.Env[strings.TrimSpace(name)] = strings.Join(systemdWords(v), " ")
		}
	}
}

// command takes -f and -S out of the command line.
func (u *Unit) command(exec string) {
	var args []string
	for _, w := range systemdWords(exec) {
		if name, ok := strings.CutPrefix(w, "$"); ok {
			braced := strings.HasPrefix(name, "{")
			value := u.Env[strings.Trim(name, "{}")]
			if braced {
				args = append(args, value)
			} else {
				args = append(args, strings.Fields(value)...) // a bare $NAME is split at blanks
			}
			continue
		}
		args = append(args, w)
	}
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "-f", "--":
			for i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				u.Files = append(u.Files, args[i])
			}
		case "-S":
			i++
			options := strings.Split(args[i], ",")
			u.MasterSocket, u.MasterLevel = socketAddress(options[0], ""), "admin"
			if at := slices.Index(options, "level"); at > 0 && at+1 < len(options) {
				u.MasterLevel = options[at+1]
			}
		}
	}
}

// systemdWords splits at blanks; quotes group.
func systemdWords(s string) []string {
	var out []string
	var cur []byte
	quote, begun := byte(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, begun = c, true
		case quote == 0 && isSpace(c):
			if begun {
				out, cur, begun = append(out, string(cur)), nil, false
			}
		default:
			cur, begun = append(cur, c), true
		}
	}
	if begun {
		out = append(out, string(cur))
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
