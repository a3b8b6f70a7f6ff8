package haproxy

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// Table is one stick table in the reply of "show table".
type Table struct {
	Name, Type string
	Values     []float64 // for each of catalogue.NativeFieldsOf(ScopeStickTable); NaN where HAProxy shows none
}

// parseTables reads what "show table" and "show resolvers" answered: the part of a reply before the table of
// "show stat". Both are optional; text that is neither (a refusal, an unknown command) is passed over.
func (s *schema) parseTables(b []byte) (tables []Table, resolvers []Row, err error) {
	section, server := "", -1
	for len(b) > 0 {
		raw, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return nil, nil, errCut
		}
		b = rest
		line := string(raw)
		switch {
		case strings.HasPrefix(line, "# table: "):
			t, err := s.tableLine(line)
			if err != nil {
				return nil, nil, err
			}
			tables = append(tables, t)
		case strings.HasPrefix(line, "Resolvers section "):
			section, server = strings.TrimPrefix(line, "Resolvers section "), -1
		case section != "" && strings.HasPrefix(line, " nameserver ") && strings.HasSuffix(line, ":"):
			name := strings.TrimSuffix(strings.TrimPrefix(line, " nameserver "), ":")
			resolvers = append(resolvers, Row{Scope: catalogue.ScopeResolver, Proxy: section, Name: name, Values: nans(len(s.fields[catalogue.ScopeResolver]))})
			server = len(resolvers) - 1
		case server >= 0 && strings.HasPrefix(line, "  "):
			key, value, _ := strings.Cut(line[2:], ":")
			i, known := s.resolver[key]
			if !known {
				continue
			}
			if resolvers[server].Values[i], err = number(strings.TrimSpace(value)); err != nil {
				return nil, nil, fmt.Errorf("show resolvers: %s: %w", key, err)
			}
		}
	}
	return tables, resolvers, nil
}

// tableLine reads "# table: st, type: ip, size:1024, used:1"; the order and the blanks differ by version.
func (s *schema) tableLine(line string) (Table, error) {
	t := Table{Values: nans(len(s.fields[catalogue.ScopeStickTable]))}
	for _, part := range strings.Split(strings.TrimPrefix(line, "# "), ",") {
		key, value, _ := strings.Cut(part, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch key {
		case "table":
			t.Name = value
		case "type":
			t.Type = value
		default:
			i := s.find(catalogue.ScopeStickTable, key)
			if i < 0 {
				continue
			}
			var err error
			if t.Values[i], err = number(value); err != nil {
				return Table{}, fmt.Errorf("show table: %s: %w", key, err)
			}
		}
	}
	return t, nil
}

// TableEntry is one counter of one entry of a stick table.
type TableEntry struct {
	Table, Key, Counter string
	Value               float64
}

// parseEntries reads "show table NAME" and returns, for each counter, the top entries by value. Keys come from
// clients; they are returned as HAProxy writes them, cut to 128 bytes.
func parseEntries(b []byte, table string, top int) ([]TableEntry, error) {
	best := map[string][]TableEntry{}
	header := false
	for len(b) > 0 {
		raw, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return nil, errCut
		}
		b = rest
		line := string(raw)
		switch {
		case strings.HasPrefix(line, "# table: "):
			header = true
		case strings.HasPrefix(line, "# contents not dumped"):
			return nil, &Error{Reason: ReasonRefused, Err: fmt.Errorf("stick table %s: the entries are shown at level operator only", table)}
		case strings.HasPrefix(line, "0x"):
			key, counters, ok := entryLine(line)
			if !ok {
				return nil, fmt.Errorf("show table: %.80q is not an entry", line)
			}
			for name, v := range counters {
				best[name] = keepTop(best[name], TableEntry{table, key, name, v}, top)
			}
		}
	}
	if !header {
		return nil, fmt.Errorf("not the reply of show table %s", table)
	}
	var out []TableEntry
	for _, l := range best {
		out = append(out, l...)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Counter != b.Counter {
			return a.Counter < b.Counter
		}
		return a.Value > b.Value || a.Value == b.Value && a.Key < b.Key
	})
	return out, nil
}

// entryLine reads "0x55…: key=127.0.0.1 use=0 exp=599962 shard=0 gpc0=0 http_req_rate(10000)=9". The key may
// hold blanks and "=": it ends at the last " use=".
func entryLine(line string) (key string, counters map[string]float64, ok bool) {
	_, rest, ok := strings.Cut(line, ": key=")
	if !ok {
		return "", nil, false
	}
	i := strings.LastIndex(rest, " use=")
	if i < 0 {
		return "", nil, false
	}
	key = strings.ToValidUTF8(rest[:min(i, 128)], "\uFFFD")
	counters = map[string]float64{}
	for _, f := range strings.Fields(rest[i:]) {
		name, value, _ := strings.Cut(f, "=")
		name, _, _ = strings.Cut(name, "(")
		switch name {
		case "use", "exp", "shard", "server_id", "server_key":
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			counters[name] = v
		}
	}
	return key, counters, true
}

// keepTop inserts e into the list, which is sorted by value downwards and never longer than top.
func keepTop(list []TableEntry, e TableEntry, top int) []TableEntry {
	for _, have := range list {
		if have.Key == e.Key {
			return list // two keys that are the same once cut: a label set must not appear twice
		}
	}
	at := sort.Search(len(list), func(i int) bool { return list[i].Value < e.Value })
	if at >= top {
		return list
	}
	list = append(list, TableEntry{})
	copy(list[at+1:], list[at:])
	list[at] = e
	return list[:min(len(list), top)]
}
