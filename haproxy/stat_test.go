package haproxy

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

const stats = "../testdata/stats/"

func readReply(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(stats + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// socketReply gives the file the end that the socket had; saved replies may have lost the empty line.
func socketReply(b []byte) []byte {
	return append(bytes.TrimRight(b, "\n"), "\n\n"...)
}

func every(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(stats + pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], stats)
	}
	return names
}

// TestStatReplies reads every saved table of every version and compares each number with an independent reader.
func TestStatReplies(t *testing.T) {
	s := newSchema()
	for _, name := range every(t, "*/*show_stat") {
		b := socketReply(readReply(t, name))
		rows, rest, err := s.parseStat(b)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d bytes left", name, err, len(rest))
			continue
		}
		table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("# ")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != len(table)-1 {
			t.Errorf("%s: %d rows, want %d", name, len(rows), len(table)-1)
			continue
		}
		for i, r := range rows {
			compareRow(t, name, s, table[0], table[i+1], r)
		}
	}
}

func compareRow(t *testing.T, name string, s *schema, header, want []string, got Row) {
	t.Helper()
	at := map[string]string{}
	for i, h := range header {
		if _, twice := at[h]; !twice {
			at[h] = want[i]
		}
	}
	if got.Proxy != at["pxname"] || got.Status != at["status"] || got.Scope == catalogue.ScopeServer && got.Name != at["svname"] {
		t.Errorf("%s: %+v is not %s/%s %s", name, got, at["pxname"], at["svname"], at["status"])
	}
	checked := 0
	for i, f := range s.fields[got.Scope] {
		text, has := at[f.Field]
		if f.Kind != catalogue.KindNumber && f.Kind != catalogue.KindCode {
			continue
		}
		if !has || text == "" || at["mode"] == "tcp" && strings.HasPrefix(f.Suffix, "http_") {
			if !math.IsNaN(got.Values[i]) {
				t.Errorf("%s: %s/%s %s = %v, there is none", name, got.Proxy, got.Name, f.Field, got.Values[i])
			}
			continue
		}
		checked++
		if w, err := strconv.ParseFloat(text, 64); err != nil || w != got.Values[i] {
			t.Errorf("%s: %s/%s %s = %v, want %s", name, got.Proxy, got.Name, f.Field, got.Values[i], text)
		}
	}
	if checked < 10 {
		t.Errorf("%s: only %d numbers of %s/%s were found", name, checked, got.Proxy, got.Name)
	}
}

func TestInfoReplies(t *testing.T) {
	s := newSchema()
	for _, name := range every(t, "*/*show_info") {
		b := socketReply(readReply(t, name))
		info, rest, err := s.parseInfo(b)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d bytes left", name, err, len(rest))
			continue
		}
		numbers := 0
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			i, known := s.info[key]
			if !known || s.fields[catalogue.ScopeProcess][i].Kind == catalogue.KindInfo {
				continue
			}
			numbers++
			if want, err := strconv.ParseFloat(value, 64); err != nil || info.row.Values[i] != want {
				t.Errorf("%s: %s = %v, want %s", name, key, info.row.Values[i], value)
			}
		}
		if numbers < 50 || info.PID == 0 || info.Start == 0 || info.Node != "vm" {
			t.Errorf("%s: %d numbers, %+v", name, numbers, info)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := newSchema()
	stat := string(socketReply(readReply(t, "26-plain/1-before.show_stat")))
	lines := strings.SplitAfter(stat, "\n")
	number := strings.Replace(lines[1], ",16,17,", ",16,x17,", 1)
	if number == lines[1] {
		t.Fatal("the test's replacement does not fit")
	}
	for name, c := range map[string]struct {
		in   string
		want string
	}{
		"no header":        {"fe,FRONTEND,1,\n\n", "header"},
		"page of an error": {"<html>401</html>\n", "header"},
		"no end":           {strings.TrimSuffix(stat, "\n"), "ends early"},
		"cut in a row":     {stat[:len(stat)/2], ""},
		"short row":        {lines[0] + "fe,FRONTEND,1\n\n", "3 columns"},
		"not a number":     {lines[0] + number + "\n", "column smax"},
		"open quote":       {lines[0] + "\"fe,FRONTEND\n\n", "ends early"},
		"after quote":      {lines[0] + "\"fe\"x,FRONTEND\n\n", "closing quote"},
		"no type":          {"# pxname,svname,qcur\na,b,1\n\n", "no column type"},
		"strange type":     {"# pxname,svname,type\na,b,9\n\n", "type is"},
	} {
		rows, _, err := s.parseStat([]byte(c.in))
		if err == nil || rows != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestQuotedFields(t *testing.T) {
	fields, rest, err := csvLine(nil, []byte("a,\"b \"\"c\"\", d\ne\",,f\nrest"))
	if want := []string{"a", "b \"c\", d\ne", "", "f"}; err != nil || strings.Join(fields, "|") != strings.Join(want, "|") || string(rest) != "rest" {
		t.Errorf("%q %q %v", fields, rest, err)
	}
}

// whole is what a process answers to the commands of one exchange.
func whole(t testing.TB, dir, stat, info string) []byte {
	var b []byte
	b = append(b, "# table: st_src, type: ip, size:1024, used:1\n\n"...)
	b = append(b, "Resolvers section dns\n nameserver d1:\n  sent:        15\n  snd_error:   2\n  unknown: 3\n\n"...)
	b = append(b, socketReply(readReply(t, dir+"/"+stat))...)
	return append(b, socketReply(readReply(t, dir+"/"+info))...)
}

// TestCutAtEveryByte: whatever is missing at the end, nothing of the reply is used.
func TestCutAtEveryByte(t *testing.T) {
	s := newSchema()
	b := whole(t, "26-plain", "1-before.show_stat", "1-before.show_info")
	r, err := s.parseReply(Address{}, b)
	if err != nil || len(r.tables) != 1 || len(r.resolvers) != 1 || len(r.rows) < 50 {
		t.Fatalf("%v %+v", err, r)
	}
	stat := bytes.Index(b, []byte("# pxname,"))
	info := bytes.Index(b, []byte("Name: HAProxy"))
	lines := bytes.SplitAfter(b[stat:info], []byte("\n"))
	b = slices.Concat(b[:stat], bytes.Join(lines[:10], nil), []byte("\n"), b[info:]) // every byte, but not of every row
	if _, err := s.parseReply(Address{}, b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.parseReply(Address{}, append(slices.Clone(b), "> "...)); ReasonOf(err) != ReasonNotATable {
		t.Errorf("text after the reply: %v", err)
	}
	for i := range b {
		_, err := s.parseReply(Address{}, b[:i])
		if err == nil {
			t.Fatalf("a reply cut after %d of %d bytes was accepted: %q", i, len(b), b[max(0, i-40):i])
		}
		var e *Error
		if !errors.As(err, &e) || e.Reason != ReasonCut && e.Reason != ReasonNotATable {
			t.Fatalf("cut after %d bytes: %v", i, err)
		}
	}
}

func TestReplyValues(t *testing.T) {
	s := newSchema()
	r, err := s.parseReply(Address{}, whole(t, "35-plain", "1-before.show_stat", "1-before.show_info"))
	if err != nil {
		t.Fatal(err)
	}
	if v := r.tables[0]; v.Name != "st_src" || v.Type != "ip" || v.Values[0] != 1024 || v.Values[1] != 1 || !math.IsNaN(v.Values[2]) {
		t.Errorf("%+v", v)
	}
	if v := r.resolvers[0]; v.Proxy != "dns" || v.Name != "d1" || v.Values[0] != 15 || v.Values[1] != 2 {
		t.Errorf("%+v", v)
	}
	if r.info.Version != "3.5-dev5-03bde20ef" || r.info.PID != 6010 {
		t.Errorf("%+v", r.info)
	}
}

func TestOtherReplies(t *testing.T) {
	s := newSchema()
	for name, want := range map[string]Reason{
		"26-plain/1-before.show_proc":        ReasonRefused,
		"35-plain/1-before.show_proc":        ReasonRefused,
		"26-plain/1-before.show_errors":      ReasonNotATable,
		"26-plain/1-before.show_stat_typed":  ReasonNotATable,
		"26-plain/1-before.promex":           ReasonNotATable,
		"26-plain/1-before.master_show_proc": ReasonNotATable,
	} {
		if _, err := s.parseReply(Address{}, readReply(t, name)); ReasonOf(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := s.parseReply(Address{}, []byte("Permission denied\n\n")); ReasonOf(err) != ReasonRefused {
		t.Error(err)
	}
	if _, err := s.parseReply(Address{}, []byte("Can't find the target PID matching the prefix '@!3529'\n")); ReasonOf(err) != reasonGone {
		t.Error(err)
	}
}

func TestTablesOfAllVersions(t *testing.T) {
	s := newSchema()
	for _, name := range every(t, "*/*show_table") {
		tables, _, err := s.parseTables(readReply(t, name))
		if err != nil || len(tables) != 1 || tables[0].Name != "st_src" || tables[0].Values[0] != 1024 {
			t.Errorf("%s: %+v %v", name, tables, err)
		}
	}
}

func TestEntries(t *testing.T) {
	reply := "# table: st, type: string, size:1024, used:3\n" +
		"0x1: key=a b use=0 x use=0 exp=599962 shard=0 gpc0=3 http_req_rate(10000)=9\n" +
		"0x2: key=b use=0 exp=1 gpc0=7 http_req_rate(10000)=1\n" +
		"0x4: key=b use=0 exp=1 gpc0=6 http_req_rate(10000)=0\n" +
		"0x3: key=c use=0 exp=1 gpc0=5 http_req_rate(10000)=2\n\n"
	got, err := parseEntries([]byte(reply), "st", 2)
	want := []TableEntry{{"st", "b", "gpc0", 7}, {"st", "c", "gpc0", 5}, {"st", "a b use=0 x", "http_req_rate", 9}, {"st", "c", "http_req_rate", 2}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%+v %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
	_, err = parseEntries([]byte("# table: st, type: ip, size:1024, used:1\n# contents not dumped due to insufficient privileges\n\n"), "st", 2)
	if ReasonOf(err) != ReasonRefused {
		t.Error(err)
	}
}

func FuzzReply(f *testing.F) {
	for _, version := range []string{"26-plain", "35-shm"} { // small seeds: the fuzzer is slow with large ones
		b := whole(f, version, "2-during.show_stat", "2-during.show_info")
		lines := bytes.SplitAfter(b[bytes.Index(b, []byte("# pxname,")):], []byte("\n"))
		f.Add(slices.Concat(bytes.Join(lines[:3], nil), []byte("\nName: HAProxy\nVersion: 2.6.12\nPid: 1\n\n")))
	}
	f.Add([]byte("# pxname,svname,type,\na,b,0,\n\nName: x\nVersion: 1.8\nPid: 1\n\n"))
	s := newSchema()
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := s.parseReply(Address{}, b)
		if err != nil {
			return
		}
		for i := range r.rows {
			if len(r.rows[i].Values) != len(s.fields[r.rows[i].Scope]) {
				t.Fatal("a row of another width")
			}
		}
		if _, err := s.parseReply(Address{}, b[:len(b)-1]); err == nil {
			t.Fatal("accepted without its last byte")
		}
		acc := newAccumulator(s)
		acc.begin()
		acc.answer(r, 1000)
		acc.commit(1000)
		acc.objectsOf()
	})
}

func BenchmarkReply(b *testing.B) {
	s := newSchema()
	reply := whole(b, "35-plain", "1-before.show_stat", "1-before.show_info")
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.parseReply(Address{}, reply); err != nil {
			b.Fatal(err)
		}
	}
}
