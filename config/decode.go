package config

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/internal/diag"
)

// decoder turns YAML nodes into values. It notes every problem and goes on.
type decoder struct {
	name     string
	dir      string
	lines    []string
	hash     hash.Hash
	problems diag.List
	keys     []Key // see known
}

// known returns Keys, which takes longer to make than a file to read.
func (d *decoder) known() []Key {
	if d.keys == nil {
		d.keys = Keys()
	}
	return d.keys
}

// document returns the root mapping of the only document, nil when there is none.
func (d *decoder) document(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		d.problems.Add(diag.Problem{Source: d.name, Msg: "the file is empty", Hint: "see docs/configuration.md; without a file, leave --config.file out"})
		return nil
	case err != nil:
		d.syntax(err)
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		d.problems.Add(diag.Problem{Source: d.name, Line: second.Line, Text: d.line(second.Line), Msg: "a second document begins here", Hint: "one file holds one document: remove the line with ---"})
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		d.problems.Add(diag.Problem{Source: d.name, Msg: "the file is empty", Hint: "see docs/configuration.md; without a file, leave --config.file out"})
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.wrong(root, "the file", "a mapping of keys", "")
		return nil
	}
	return root
}

// syntax reports what the YAML parser says; it knows the line only.
func (d *decoder) syntax(err error) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	p := diag.Problem{Source: d.name, Msg: "not valid YAML: " + msg}
	if m := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(msg); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Msg, p.Text = "not valid YAML: "+m[2], d.line(p.Line)
	}
	if strings.Contains(p.Msg, "cannot start any token") {
		p.Hint = "quote the value, and indent with blanks"
	}
	d.problems.Add(p)
}

func (d *decoder) line(n int) string {
	if n < 1 || n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}

// place is where a node stands. YAML counts columns in characters, diag in bytes.
func (d *decoder) place(n *yaml.Node) diag.Place {
	text := d.line(n.Line)
	col := 1
	for i := range text {
		if utf8.RuneCountInString(text[:i]) == n.Column-1 {
			col = i + 1
			break
		}
	}
	return diag.Place{Source: d.name, Line: n.Line, Col: col, Text: text}
}

// problem underlines a node; a list or mapping is underlined at its first character.
func (d *decoder) problem(n *yaml.Node, msg, hint string) {
	size := 1
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 { // nothing is written there
		p := d.place(n)
		p.Col = 0
		d.problems.Add(p.Problem(0, msg, hint))
		return
	}
	if n.Kind == yaml.ScalarNode {
		size = len(n.Value)
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			size += 2
		}
	}
	d.problems.Add(d.place(n).Problem(size, msg, hint))
}

func (d *decoder) wrong(n *yaml.Node, what, want, hint string) {
	d.problem(n, fmt.Sprintf("%s must be %s, not %s", what, want, kind(n)), hint)
}

func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!str":
		return "a text"
	case n.Tag == "!!bool":
		return "true or false"
	case n.Tag == "!!float":
		return "a decimal number"
	case n.Tag == "!!int":
		return "a number"
	case n.Tag == "!!timestamp":
		return "a date"
	}
	return n.Tag
}

// follow resolves an alias (*name). YAML lets an alias stand inside its own anchor; the fixed depth of
// the configuration ends that.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// object is a mapping whose keys are known.
type object struct {
	d      *decoder
	path   string // in the list of keys
	shown  string // in messages: with names in place of <name>
	node   *yaml.Node
	values map[string]*yaml.Node
	keys   map[string]*yaml.Node
}

// object takes a mapping apart and reports unknown and repeated keys. ok is false when it is none.
func (d *decoder) object(n *yaml.Node, path string) (object, bool) {
	return d.named(n, path, path)
}

// named is object for a path with <name> in it; shown is the path with the name that the user chose.
func (d *decoder) named(n *yaml.Node, path, shown string) (object, bool) {
	o := object{d: d, path: path, shown: shown, node: n, values: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}}
	what := shown
	if path == "" {
		what = "the file"
	}
	pairs, ok := d.pairs(n, what)
	known := children(d.known(), path)
	for _, p := range pairs {
		name := p[0].Value
		if !slices.Contains(known, name) {
			d.problem(p[0], "unknown key "+name, diag.DidYouMean(name, known))
			continue
		}
		o.values[name], o.keys[name] = p[1], p[0]
	}
	return o, ok
}

// pairs returns the keys and values of a mapping in order, without repeated keys.
func (d *decoder) pairs(n *yaml.Node, what string) ([][2]*yaml.Node, bool) {
	if n = follow(n); n.Kind != yaml.MappingNode {
		d.wrong(n, what, "a mapping of keys", "")
		return nil, false
	}
	first := map[string]*yaml.Node{}
	var out [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], follow(n.Content[i+1])
		switch {
		case k.Kind != yaml.ScalarNode:
			d.problem(k, "a key must be a text", "")
		case k.Tag == "!!merge":
			d.problem(k, "merge keys are not supported", "write the keys out, or share whole values with & and *")
		case first[k.Value] != nil:
			d.problem(k, fmt.Sprintf("second %s, the first is in line %d", k.Value, first[k.Value].Line), "")
		default:
			first[k.Value] = k
			out = append(out, [2]*yaml.Node{k, v})
		}
	}
	return out, true
}

// has reports whether the key was given.
func (o object) has(name string) bool { return o.values[name] != nil }

// full is the path of a key of the object, as messages show it.
func (o object) full(name string) string { return join(o.shown, name) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// key returns the description of a key. Asking for one that is not in the list is a mistake in this
// package, which the tests find.
func (o object) key(name string) Key {
	k, ok := findKey(o.d.known(), join(o.path, name))
	if !ok {
		panic("BUG: " + join(o.path, name) + " is not in the list of keys")
	}
	return k
}

// list returns the entries of a list of mappings.
func (o object) list(name string) []*yaml.Node {
	n := o.values[name]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		o.d.wrong(n, o.full(name), "a list", "each entry begins with a dash")
		return nil
	}
	out := make([]*yaml.Node, 0, len(n.Content))
	for _, c := range n.Content {
		out = append(out, follow(c))
	}
	return out
}
