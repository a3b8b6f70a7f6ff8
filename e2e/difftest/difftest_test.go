package difftest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/parser"
	"haproxy_log_exporter/syslog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	wantFormats = 220 // of them one in ten for TCP
	mostRefused = 0.5 // of the random formats may be ambiguous
)

// frontend is one random format with what reads its lines.
type frontend struct {
	random
	name, addr  string
	tls, asap   bool
	captures    bool
	set         *parser.Set
	reader      *parser.Reader
	slots       []parser.Field
	lines, raws int
}

// collector keeps what the product's own receiver delivers.
type collector struct {
	mu    sync.Mutex
	lines [][]byte
}

func (c *collector) Block(b []byte, _ syslog.Origin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for line := range bytes.Lines(b) {
		c.lines = append(c.lines, bytes.Clone(bytes.TrimSuffix(line, []byte{'\n'})))
	}
}

func (c *collector) count() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.lines) }

func seed(t *testing.T) uint64 {
	if s := os.Getenv("DIFFTEST_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 20261121
}

// makeFrontends draws formats until enough of them compile.
func makeFrontends(t *testing.T, port int) []*frontend {
	n := seed(t)
	t.Logf("DIFFTEST_SEED=%d", n)
	r := rand.New(rand.NewPCG(n, 0))
	var all []*frontend
	refused := map[string]int{}
	drawn := 0
	for len(all) < wantFormats {
		i := len(all)
		f := &frontend{random: randomFormat(r, i%10 == 9), name: fmt.Sprintf("f%d", i), addr: fmt.Sprintf("127.1.%d.%d:%d", i/200, i%200+1, port)}
		f.tls, f.asap, f.captures = r.IntN(6) == 0, r.IntN(6) == 0, r.IntN(5) > 0
		drawn++
		format := parser.Format{Name: f.name, Text: f.text}
		if f.captures && !f.tcp {
			format.Captures, format.ResponseCaptures = []string{"Host", "User-Agent"}, []string{"Content-Type"}
		}
		var err error
		if f.set, err = parser.NewSet([]parser.Format{format}, parser.SetOptions{}); err != nil {
			reason, _, _ := strings.Cut(err.Error(), "\n")
			refused[reason]++
			if len(refused) > 10*wantFormats {
				t.Fatalf("nearly no format compiles: %v", refused)
			}
			continue
		}
		for _, it := range f.items {
			slot, err := f.set.Field(it.name())
			if err != nil {
				t.Fatalf("%s: %v", f.text, err)
			}
			f.slots = append(f.slots, slot)
		}
		f.reader = f.set.NewReader()
		all = append(all, f)
	}
	share := float64(drawn-len(all)) / float64(drawn)
	t.Logf("%d formats drawn, %.0f %% refused as ambiguous", drawn, 100*share)
	if share > mostRefused {
		t.Errorf("too many formats are refused: %v", refused)
	}
	return all
}

func haproxyConfig(all []*frontend, target, cert string, p *haproxytest.Partners) string {
	var b strings.Builder
	b.WriteString("global\n nbthread 1\n maxconn 2000\n tune.http.logurilen 4096\ndefaults\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n retries 1\n")
	for _, f := range all {
		fmt.Fprintf(&b, "frontend %s\n bind %s", f.name, f.addr)
		if f.tls {
			fmt.Fprintf(&b, " ssl crt %s alpn h2,http/1.1", cert)
		}
		fmt.Fprintf(&b, "\n log %s len 60000 format rfc5424 local0\n log-format '%s'\n log-format-sd '%s'\n", target, f.text, truthFormat(f.tcp))
		if f.asap {
			b.WriteString(" option logasap\n")
		}
		if f.tcp {
			b.WriteString(" mode tcp\n default_backend tcp\n")
			continue
		}
		b.WriteString(" mode http\n unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid\n http-request set-var(txn.first) path,field(2,/)\n")
		b.WriteString(" http-request deny if { path_beg /deny }\n http-request return status 200 if { path /return }\n")
		b.WriteString(" use_backend refused if { path_beg /refused }\n use_backend first if { path_beg /first }\n use_backend nosrv if { path_beg /nosrv }\n default_backend ok\n")
		if f.captures {
			b.WriteString(" capture request header Host len 64\n capture request header User-Agent len 64\n capture response header Content-Type len 64\n capture cookie SID len 32\n")
		}
	}
	fmt.Fprintf(&b, "backend ok\n mode http\n cookie SRV insert indirect\n server s1 %s cookie a\n", p.OK)
	fmt.Fprintf(&b, "backend refused\n mode http\n option redispatch 1\n server r1 %s\n server r2 %s\n", p.Refused, p.OK)
	fmt.Fprintf(&b, "backend first\n mode http\n retries 0\n server c1 %s\nbackend nosrv\n mode http\n", p.CloseFirst)
	fmt.Fprintf(&b, "backend tcp\n mode tcp\n server t1 %s\n", p.OK)
	return b.String()
}

func TestParserAgainstHAProxy(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	sink := &collector{}
	rec, err := syslog.Listen("udp://127.0.0.1:0", syslog.Options{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	received := make(chan error, 1)
	go func() { received <- rec.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-received; err != nil {
			t.Error(err)
		}
	}()
	dir := haproxytest.ShortDir(t)
	all := makeFrontends(t, haproxytest.FreePort(t))
	partners := haproxytest.StartPartners(t)
	h := haproxytest.Start(t, haproxytest.Options{Dir: dir, Config: haproxyConfig(all, rec.Addr().String(), haproxytest.Certificate(t, dir), partners)})
	sent := drive(t, all)
	// One request can give no line (a broken handshake gives one without data), keep-alive gives two.
	haproxytest.Wait(t, 20*time.Second, "the log to become quiet", quiet(sink))
	h.Stop()
	haproxytest.Wait(t, 20*time.Second, "the log's end", quiet(sink))
	if d := rec.Stats().KernelDrops; d > 0 {
		t.Fatalf("%d lines dropped by the kernel", d)
	}
	compare(t, all, sink.lines, sent)
}

// quiet is true when nothing came for a second.
func quiet(c *collector) func() bool {
	last, since := -1, time.Now()
	return func() bool {
		if n := c.count(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > time.Second
	}
}

// drive sends the traffic and returns how many connections were made.
func drive(t *testing.T, all []*frontend) int {
	var g errgroup.Group
	g.SetLimit(16)
	sent := 0
	for _, f := range all {
		var secure = clientTLS()
		if !f.tls {
			secure = nil
		}
		list := append(requests(), hostile()...)
		if f.tcp {
			list = list[:3]
		}
		for _, request := range list {
			sent++
			g.Go(func() error { return send(f.addr, secure, request) })
		}
		if f.tls && !f.tcp {
			sent++
			g.Go(func() error { return h2(f.addr) })
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	return sent
}

// compare reads every line and compares every field of its format with the truth.
func compare(t *testing.T, all []*frontend, lines [][]byte, sent int) {
	byName := map[string]*frontend{}
	for _, f := range all {
		byName[f.name] = f
	}
	kinds := map[string]int{}
	fields, skipped, hostileRefused, twoReadings, other, wrong := 0, 0, 0, 0, map[string]int{}, 0
	var rec parser.Record
	for _, line := range lines {
		truth, ok := readTruth(string(line))
		if !ok {
			res := all[0].reader.Line(line, &rec)
			if other[res.String()]++; res != parser.ResultHandshakeError && res != parser.ResultNotice {
				t.Errorf("%v: line without truth %q", res, line)
			}
			continue
		}
		f := byName[truth["f"]]
		if f == nil {
			t.Fatalf("frontend %q of %q", truth["f"], line)
		}
		f.lines++
		res := f.reader.Line(line, &rec)
		if !res.Counted() {
			if raw(f, truth) {
				hostileRefused++
				continue
			}
			if pr := f.reader.Explain(line).Problem; pr != nil && strings.Contains(pr.Error(), "more than one way") {
				twoReadings++ // a path /post/one may be a termination state and a request, behind an ID that may hold slashes
				continue
			}
			kinds["refused"]++
			if wrong++; kinds["refused"] < 6 {
				t.Errorf("refused, %v\nformat %s\nline   %q\nproblem %v", res, f.text, message(line), f.reader.Explain(line).Problem)
			}
			continue
		}
		skip := ambiguous(f.items, truth)
		unsure := map[parser.Field]bool{} // a field that stands twice is read at one of the places
		for i := range skip {
			unsure[f.slots[i]] = unsure[f.slots[i]] || skip[i]
		}
		for i, it := range f.items {
			if unsure[f.slots[i]] {
				skipped++
				continue
			}
			fields++
			if d := differs(&rec, f.slots[i], it, truth[it.key], truth["r"] == badReq); d != "" {
				kinds[it.key]++
				if wrong++; kinds[it.key] < 3 {
					t.Errorf("%s: %s\nformat %s\nline   %q", it.text(), d, f.text, message(line))
				}
			}
		}
	}
	for _, f := range all {
		if f.lines < 3 {
			t.Errorf("%s has %d lines", f.name, f.lines)
		}
	}
	t.Logf("%d connections, %d lines, %d fields compared, %d not (ambiguous texts); %d lines with hostile bytes in unescaped fields refused; others %v; %d wrong %v",
		sent, len(lines), fields, skipped, hostileRefused, other, wrong, kinds)
	if twoReadings > len(lines)/500 {
		t.Errorf("%d of %d lines were refused because they have two readings", twoReadings, len(lines))
	}
	if len(lines) < sent/2 {
		t.Errorf("%d lines of %d connections", len(lines), sent)
	}
}

func message(line []byte) []byte {
	_, msg, _ := bytes.Cut(line, []byte("\"] "))
	return msg
}

// raw reports that the line holds, in a field that HAProxy does not escape, bytes that can end fields; or that its
// message begins with a blank, because the %HPO of OPTIONS * is empty: such a blank cannot be told from the header's.
func raw(f *frontend, truth map[string]string) bool {
	if f.items[0].key == "HPO" && !f.items[0].quoted && truth["HPO"] == "" {
		return true
	}
	for _, it := range f.items {
		switch it.key {
		case "CC", "CS", "hr", "hs", "hrl", "hsl", "x5", "x6", "x7", "x4", "x12", "x9":
			if strings.ContainsAny(truth[it.key], " |;/,[]{}<\"\t=:-\\") {
				return true
			}
		}
	}
	return false
}
