package cfg

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/parser"
)

// line is one non-empty line of a section.
type line struct {
	place diag.Place // of the first word; Text is the raw line
	words []word
}

// arg is the text of word i, "" beyond the end.
func (l *line) arg(i int) string {
	if i < len(l.words) {
		return l.words[i].text
	}
	return ""
}

// at is the place of word i, of the whole line beyond the end.
func (l *line) at(i int) diag.Place {
	p := l.place
	if i < len(l.words) {
		p.Col = l.words[i].col
	} else {
		p.Col = 0
	}
	return p
}

// rest joins the words from i on.
func (l *line) rest(i int) string {
	var texts []string
	for ; i < len(l.words); i++ {
		texts = append(texts, l.words[i].text)
	}
	return strings.Join(texts, " ")
}

func (l *line) problem(i int, msg, hint string) diag.Problem {
	n := 0
	if i < len(l.words) {
		n = l.words[i].size
	}
	return l.at(i).Problem(n, msg, hint)
}

// section is one section of the configuration with its lines.
type section struct {
	kind string // global, defaults, frontend, …
	name string
	from string // the named defaults it asks for
	head line
	body []line
}

// reader turns files into sections.
type reader struct {
	opt      Options
	env      map[string]*string // what the configuration itself set; nil: removed
	reset    bool               // resetenv: only env and kept count
	kept     map[string]bool
	sections []*section
	files    []string
	problems diag.List
	warnings diag.List
	warned   map[string]bool
}

// sectionKinds are the keywords that start a section (configuration manual 3 and 4).
func sectionKinds() []string {
	return []string{"global", "defaults", "frontend", "backend", "listen", "peers", "userlist", "mailers", "program",
		"resolvers", "cache", "ring", "log-forward", "http-errors", "fcgi-app", "crt-store", "crt-list", "traces",
		"acme", "log-profile", "dynamic-update", "shm-stats-file", "namespace_list", "healthcheck"}
}

// lookup finds a variable as HAProxy would: what the configuration set, the environment, then
// the variables HAProxy defines by itself.
func (r *reader) lookup(name string) (string, bool) {
	if v, ok := r.env[name]; ok {
		if v == nil {
			return "", false
		}
		return *v, true
	}
	if (!r.reset || r.kept[name]) && r.opt.Env != nil {
		if v, ok := r.opt.Env(name); ok {
			return v, true
		}
	}
	switch name {
	case "HAPROXY_HTTP_LOG_FMT":
		return parser.Preset("httplog")
	case "HAPROXY_HTTPS_LOG_FMT":
		return parser.Preset("httpslog")
	case "HAPROXY_TCP_LOG_FMT":
		return parser.Preset("tcplog")
	case "HAPROXY_HTTP_CLF_LOG_FMT":
		return parser.Preset("clf")
	case "HAPROXY_TCP_CLF_LOG_FMT":
		return parser.Preset("tcpclf")
	case "HAPROXY_CFGFILES":
		return strings.Join(r.files, ";"), true
	case "HAPROXY_MWORKER":
		return "1", true
	case "HAPROXY_LOCALPEER":
		h, err := os.Hostname()
		return h, err == nil
	}
	return "", false
}

// expand replaces directories by the *.cfg files in them, in the order HAProxy reads them.
func (r *reader) expand(paths []string) {
	for _, p := range paths {
		st, err := os.Stat(p)
		if err == nil && st.IsDir() {
			names, err := filepath.Glob(filepath.Join(p, "*.cfg"))
			if err != nil || len(names) == 0 {
				r.problems.Addf(p, "no file *.cfg in this folder")
			}
			slices.Sort(names)
			r.files = append(r.files, names...)
			continue
		}
		r.files = append(r.files, p)
	}
}

// read reads one file's text.
func (r *reader) read(file, text string) {
	f := fileReader{reader: r, file: file}
	t := tokenizer{lookup: f.lookup}
	for n, raw := range strings.Split(text, "\n") {
		raw = strings.TrimSuffix(raw, "\r")
		f.n = n + 1
		place := diag.Place{Source: file, Line: n + 1, Text: raw}
		var missing []word
		t.missing = func(name string, col, size int) { missing = append(missing, word{name, col, size}) }
		words, lineErr := t.split(raw)
		if !f.inactive() && concernsUs(words) {
			for _, m := range missing {
				f.missing(place, m)
			}
		}
		if len(words) > 0 {
			place.Col = words[0].col
			if strings.HasPrefix(words[0].text, ".") {
				f.directive(&line{place, words})
				continue
			}
		}
		if f.inactive() {
			continue
		}
		if lineErr != nil {
			p := place
			p.Col = lineErr.col
			r.problems.Add(p.Problem(lineErr.size, lineErr.msg, lineErr.hint))
		}
		if len(words) > 0 && words[0].text != "" { // HAProxy skips a line whose first word is empty
			f.line(line{place, words})
		}
	}
	if len(f.blocks) > 0 {
		r.problems.Add(f.blocks[len(f.blocks)-1].at.Problem(3, "this .if has no .endif", ""))
	}
}

// fileReader is the state within one file.
type fileReader struct {
	*reader
	file   string
	n      int
	cur    *section
	blocks []block
}

// block is one open .if.
type block struct {
	active bool // this branch is read
	taken  bool // this or an earlier branch was
	outer  bool // the surrounding block is read
	atElse bool
	at     diag.Place
}

func (f *fileReader) inactive() bool {
	return len(f.blocks) > 0 && !f.blocks[len(f.blocks)-1].active
}

// lookup adds the pseudo variables of the place.
func (f *fileReader) lookup(name string) (string, bool) {
	switch name {
	case ".FILE":
		return f.file, true
	case ".LINE":
		return strconv.Itoa(f.n), true
	case ".SECTION":
		if f.cur != nil {
			return f.cur.name, true
		}
		return "", true
	}
	return f.reader.lookup(name)
}

func (f *fileReader) missing(place diag.Place, m word) {
	if f.warned[m.text] {
		return
	}
	f.warned[m.text] = true
	place.Col = m.col
	f.warnings.Add(place.Problem(m.size, fmt.Sprintf("the environment variable %s is not set here and counts as empty", m.text),
		"HAProxy may see another value: give the exporter the same variable, or write ${"+m.text+"-default}"))
}

// concernsUs reports whether anything is taken from the line, so that a variable without a value
// matters. Addresses of servers and the like do not.
func concernsUs(words []word) bool {
	if len(words) == 0 {
		return false
	}
	switch words[0].text {
	case "log", "log-tag", "log-format", "error-log-format", "log-format-sd", "log-steps", "option", "no", "mode", "capture", "declare",
		"timeout", "monitor-uri", "stats", "unix-bind", "chroot", "setenv", "presetenv", "on", ".if", ".elif":
		return true
	case "http-request", "http-response", "http-after-response":
		return len(words) > 1 && (words[1].text == "capture" || words[1].text == "set-log-level")
	}
	return slices.Contains(sectionKinds(), words[0].text)
}

// directive handles lines that start with a dot (configuration manual 2.4).
func (f *fileReader) directive(l *line) {
	top := len(f.blocks) - 1
	switch l.arg(0) {
	case ".if":
		outer := !f.inactive()
		v := outer && f.condition(l)
		f.blocks = append(f.blocks, block{active: v, taken: v, outer: outer, at: l.place})
	case ".elif", ".else":
		if top < 0 || f.blocks[top].atElse {
			f.problems.Add(l.problem(0, l.arg(0)+" without .if", ""))
			return
		}
		b := &f.blocks[top]
		b.active = b.outer && !b.taken && (l.arg(0) == ".else" || f.condition(l))
		b.taken = b.taken || b.active
		b.atElse = l.arg(0) == ".else"
	case ".endif":
		if top < 0 {
			f.problems.Add(l.problem(0, ".endif without .if", ""))
			return
		}
		f.blocks = f.blocks[:top]
	case ".diag", ".notice", ".warning", ".alert":
		// Messages for the one who starts HAProxy.
	default:
		if !f.inactive() {
			f.warnings.Add(l.problem(0, "unknown directive "+l.arg(0), ""))
		}
	}
}

func (f *fileReader) condition(l *line) bool {
	c := condition{lookup: f.lookup, version: f.opt.Version}
	v, err := c.eval(l.rest(1))
	if err != nil {
		f.problems.Add(l.problem(1, err.Error(), ""))
	}
	if c.guessed {
		f.warnings.Add(l.problem(1, fmt.Sprintf("this condition needs HAProxy's version or build options; it is taken as %v", v), ""))
	}
	return v
}

func (f *fileReader) line(l line) {
	kind := l.arg(0)
	if slices.Contains(sectionKinds(), kind) {
		s := &section{kind: kind, name: l.arg(1), head: l}
		if kind == "defaults" && s.name == "from" && len(l.words) > 2 {
			s.name, s.from = "", l.arg(2)
		}
		if l.arg(2) == "from" {
			s.from = l.arg(3)
		}
		f.cur = s
		f.sections = append(f.sections, s)
		if kind != "global" && kind != "defaults" && kind != "traces" && s.name == "" {
			f.problems.Add(l.problem(0, kind+" needs a name", ""))
		}
		return
	}
	if f.cur == nil {
		f.problems.Add(l.problem(0, fmt.Sprintf("%q stands outside of any section", kind), diag.DidYouMean(kind, sectionKinds())))
		return
	}
	if f.cur.kind == "global" {
		f.environment(&l)
	}
	f.cur.body = append(f.cur.body, l)
}

// environment follows setenv, presetenv, unsetenv and resetenv of the global section, which
// change the variables of all lines after them.
func (f *fileReader) environment(l *line) {
	switch l.arg(0) {
	case "setenv":
		v := l.arg(2)
		f.env[l.arg(1)] = &v
	case "presetenv":
		if _, found := f.reader.lookup(l.arg(1)); !found {
			v := l.arg(2)
			f.env[l.arg(1)] = &v
		}
	case "unsetenv":
		for _, w := range l.words[1:] {
			f.env[w.text] = nil
		}
	case "resetenv":
		kept := map[string]bool{}
		for _, w := range l.words[1:] {
			kept[w.text] = true
		}
		for name := range f.env {
			if !kept[name] {
				delete(f.env, name)
			}
		}
		f.reset, f.kept = true, kept
	}
}
