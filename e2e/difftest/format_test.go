package difftest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/parser"
)

// item is one field of a random format.
type item struct {
	key                string // of the truth, and what stands between % and the end: "ci", or x0 for an expression
	expr               string // of a sample expression
	quoted, hex, escap bool
	after              string // the text between this item and the next
}

// name is what Set.Field is asked for.
func (it item) name() string {
	if it.expr != "" {
		return "%[" + it.expr + "]"
	}
	return "%" + it.key
}

// list holds for captured headers one after the other.
func (it item) list() bool { return it.key == "hrl" || it.key == "hsl" }

// loose holds for texts of which HAProxy (or the class of the field) does not say what they cannot hold.
func (it item) loose() bool {
	return slices.Contains(strings.Fields("CC CS hr hs hrl hsl r HU HP HPO HQ HV ID x4 x5 x6 x7 x8 x9 x12 x14 x16"), it.key)
}

// text is the item as HAProxy's configuration has it.
func (it item) text() string {
	var flags []string
	if it.quoted {
		flags = append(flags, "+Q")
	}
	if it.hex {
		flags = append(flags, "+X")
	}
	if it.escap {
		flags = append(flags, "+E")
	}
	body := it.key
	if it.expr != "" {
		body = "[" + it.expr + "]"
	}
	if len(flags) == 0 {
		return "%" + body
	}
	return "%{" + strings.Join(flags, ",") + "}" + body
}

func branch(s string) int {
	major, minor, _ := strings.Cut(s, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return 100*a + b
}

// aliasKeys returns the aliases of the parser's table that HAProxy 2.6 knows.
func aliasKeys() []string {
	var keys []string
	for _, name := range parser.AliasNames() {
		key := strings.TrimPrefix(name, "%")
		since, retired, _ := parser.Versions(key)
		if key != "o" && branch(since) <= 206 && (retired == "" || branch(retired) > 206) {
			keys = append(keys, key)
		}
	}
	return keys
}

// expressions returns sample expressions with their keys in the truth.
func expressions() map[string]string {
	return map[string]string{
		"x0": "src", "x1": "src_port", "x2": "dst", "x3": "dst_port", "x4": "var(txn.first)", "x5": "capture.req.hdr(0)",
		"x6": "capture.req.hdr(1)", "x7": "capture.res.hdr(0)", "x8": "capture.req.method", "x9": "capture.req.uri", "x10": "fc_err",
		"x11": "ssl_fc", "x12": "var(txn.first),upper", "x14": "ssl_fc_sni", "x15": "fe_id", "x16": "unique-id",
	}
}

// httpOnly lists the aliases that HAProxy refuses or leaves empty in TCP mode.
func httpOnly(key string) bool {
	return slices.Contains(strings.Fields("CC CS Ta Ti Tq Tr TR tr trg trl HM HP HPO HQ HU HV r ST hr hs hrl hsl"), key) ||
		slices.Contains(strings.Fields("x4 x5 x6 x7 x8 x9 x12"), key)
}

// groups are aliases that share a field of the record with different texts: a format gets one of each.
func groups() [][]string {
	return [][]string{{"ts", "tsc"}, {"t", "T", "Tl"}, {"tr", "trg", "trl"}, {"hr", "hrl"}, {"hs", "hsl"}, {"f", "ft"}}
}

// random is a format of some items, as HAProxy's configuration has it.
type random struct {
	text  string
	items []item
	tcp   bool
}

// separators stand between items. The blank is the usual one.
func separators() []string {
	return []string{" ", " ", " ", " ", "|", ";", "/", ",", " - ", " [", "] ", "} {", " k=", "\t", "::", "^"}
}

func randomFormat(r *rand.Rand, tcp bool) random {
	f := random{tcp: tcp}
	keys := aliasKeys()
	for k := range expressions() {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	want := 3 + r.IntN(22)
	globalQ := r.IntN(6) == 0
	var b strings.Builder
	if globalQ {
		b.WriteString("%{+Q}o ")
	}
	taken := map[int]bool{}
	for _, key := range keys {
		if len(f.items) == want {
			break
		}
		if tcp && httpOnly(key) || key == "x16" && tcp {
			continue
		}
		g := slices.IndexFunc(groups(), func(g []string) bool { return slices.Contains(g, key) })
		if g >= 0 && taken[g] {
			continue
		}
		taken[g] = g >= 0
		it := item{key: key, expr: expressions()[key]}
		switch r.IntN(8) {
		case 0, 1:
			it.quoted = true
		case 2:
			// What is missing is "" with both flags, where the parser wants digits: honest, and rare.
			it.hex = !globalQ && slices.Contains(strings.Fields("ci cp fi fp bi bp si sp rt lc pid Ts ms"), key)
		case 3:
			it.quoted, it.escap = true, true
		}
		if it.list() {
			it.quoted = true // nothing tells where headers with blanks in them end, and the next one begins
		}
		if len(f.items) > 0 {
			seps := separators()
			last := &f.items[len(f.items)-1]
			if last.after += seps[r.IntN(len(seps))]; last.list() {
				last.after = "|" // a list of quoted texts ends where no blank and quote follow
			}
			b.WriteString(strings.TrimPrefix(last.after, `"`))
		}
		text := it.text()
		if !it.quoted && !globalQ && r.IntN(8) == 0 {
			text, it.after = `"`+text+`"`, `"`
		}
		b.WriteString(text)
		it.quoted = it.quoted || globalQ
		f.items = append(f.items, it)
	}
	f.text = b.String()
	return f
}

// truthFormat is the log-format-sd with every field in quotes, what could end them escaped.
func truthFormat(tcp bool) string {
	var b strings.Builder
	b.WriteString("%{+E}o [truth@1")
	for _, key := range aliasKeys() {
		if !tcp || !httpOnly(key) {
			fmt.Fprintf(&b, ` %s="%%%s"`, key, key)
		}
	}
	for key, expr := range expressions() {
		if !tcp || !httpOnly(key) {
			fmt.Fprintf(&b, ` %s="%%[%s]"`, key, expr)
		}
	}
	return b.String() + "]"
}

// readTruth reads the structured data of a line: independent of the parser.
func readTruth(line string) (map[string]string, bool) {
	i := strings.Index(line, "[truth@1")
	if i < 0 {
		return nil, false
	}
	truth := map[string]string{}
	rest := line[i+len("[truth@1"):]
	for strings.HasPrefix(rest, " ") {
		key, after, ok := strings.Cut(rest[1:], `="`)
		if !ok {
			return nil, false
		}
		var v strings.Builder
		for after != "" && after[0] != '"' {
			if after[0] == '\\' && len(after) > 1 {
				after = after[1:]
			}
			v.WriteByte(after[0])
			after = after[1:]
		}
		if after == "" {
			return nil, false
		}
		truth[key], rest = v.String(), after[1:]
	}
	return truth, strings.HasPrefix(rest, "]")
}
