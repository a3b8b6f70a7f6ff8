// Package corpus makes the log that the benchmark reads: an egress controller's httplog as
// rsyslog writes it, from a seed, so that everybody can make the same bytes again.
package corpus

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// Options describe a corpus. The zero value of a field means its default.
type Options struct {
	Lines  int    // default 1,000,000
	Routes int    // default 2,000; drawn with Zipf's law, exponent 1.1
	Seed   uint64 // default 1
	// Clean leaves out bytes that are not valid UTF-8: old mtail stops at the first one.
	Clean bool
	// Custom writes the same requests in CustomFormat instead of httplog.
	Custom bool
	// Long adds that many bytes to every query string.
	Long int
}

// CustomFormat is the log-format of the corpora written with Options.Custom: the fields of httplog
// in another order with other separators.
const CustomFormat = `%HM|%ST|%tsc|%TR/%Tw/%Tc/%Tr/%Ta|%ft|%b|%s|%ci:%cp|%B|%rc|%sq/%bq|%ac/%fc/%bc/%sc|[%tr]|%HU|%HV`

type route struct {
	path, backend string
	servers       [3]string
}

// weighted draws an index by cumulative weights.
type weighted []float64

func (w weighted) draw(r *rand.Rand) int {
	x := r.Float64() * w[len(w)-1]
	for i, c := range w {
		if x < c {
			return i
		}
	}
	return len(w) - 1
}

func cumulate(weights ...float64) weighted {
	out, sum := make(weighted, len(weights)), 0.0
	for i, v := range weights {
		sum += v
		out[i] = sum
	}
	return out
}

func routes(r *rand.Rand, n int) []route {
	envs, slas := []string{"prod", "uat", "dev"}, []string{"high", "medium", "low"}
	seen, out := map[string]bool{}, make([]route, 0, n)
	for len(out) < n {
		partner := fmt.Sprintf("partner-%02d", r.IntN(60))
		penv, svc, sla := envs[r.IntN(2)], fmt.Sprintf("service%02d", r.IntN(20)), slas[r.IntN(3)]
		p := fmt.Sprintf("/client-%02d/%s/%s/%s/%s/%s", r.IntN(40), envs[r.IntN(3)], partner, penv, svc, sla)
		if seen[p] {
			continue
		}
		seen[p] = true
		rt := route{path: p, backend: partner + ":" + penv + ":" + svc + ":" + sla}
		for i := range rt.servers {
			rt.servers[i] = fmt.Sprintf("s%d", i+1)
		}
		out = append(out, rt)
	}
	return out
}

type generator struct {
	o       Options
	r       *rand.Rand
	routes  []route
	zipf    *rand.Zipf
	methods weighted
	kinds   weighted
	when    time.Time
	buf     []byte
}

// Write writes the corpus to w and returns the number of bytes.
func Write(w io.Writer, o Options) (int64, error) {
	if o.Lines == 0 {
		o.Lines = 1_000_000
	}
	if o.Routes == 0 {
		o.Routes = 2000
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	r := rand.New(rand.NewPCG(o.Seed, 20261121))
	g := &generator{o: o, r: r, routes: routes(r, o.Routes),
		zipf:    rand.NewZipf(r, 1.1, 1, uint64(o.Routes-1)),
		methods: cumulate(0.62, 0.28, 0.05, 0.03, 0.02),
		kinds:   cumulate(kindWeights()...),
		when:    time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	bw, total := bufio.NewWriterSize(w, 1<<20), int64(0)
	for range o.Lines {
		g.buf = g.line(g.buf[:0])
		n, err := bw.Write(g.buf)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, bw.Flush()
}

// A kind is one way in which a request ends; weights are shares of all lines.
type kind struct {
	weight float64
	status int
	term   string
	phases int // timers after this many (TR Tw Tc Tr) are -1
	local  bool
}

func kinds() []kind {
	return []kind{
		{0.80, 200, "----", 4, false}, {0.04, 201, "----", 4, false}, {0.03, 204, "----", 4, false}, {0.02, 302, "----", 4, false},
		{0.025, 404, "----", 4, false}, {0.015, 400, "----", 4, false}, {0.008, 401, "----", 4, false}, {0.006, 429, "----", 4, false},
		{0.012, 500, "----", 4, false}, {0.008, 503, "----", 4, false}, {0.006, 504, "sH--", 3, false}, {0.004, 502, "SH--", 3, false},
		{0.004, 503, "SC--", 2, false}, {0.003, 503, "sC--", 2, false}, {0.003, 503, "sQ--", 1, false}, {0.004, 200, "CD--", 4, false},
		{0.002, 200, "cD--", 4, false}, {0.002, 400, "CH--", 3, false}, {0.002, 200, "SD--", 4, false}, {0.0045, 403, "PR--", 1, true},
	}
}

func kindWeights() []float64 {
	var w []float64
	for _, k := range kinds() {
		w = append(w, k.weight)
	}
	return w
}

func (g *generator) ms(median float64) int {
	return int(median * math.Exp(g.r.NormFloat64()*1.2))
}

// line appends one line; about one in 750 is not a request, as in real files.
func (g *generator) line(b []byte) []byte {
	g.when = g.when.Add(time.Duration(g.r.IntN(1600)) * time.Microsecond)
	b = g.when.AppendFormat(b, "2006-01-02T15:04:05.000000+00:00")
	b = append(b, " egress-01 haproxy[25441]: "...)
	if g.r.IntN(750) == 0 {
		return g.odd(b)
	}
	k := kinds()[g.kinds.draw(g.r)]
	rt := &g.routes[g.zipf.Uint64()]
	backend, server := rt.backend, rt.servers[g.r.IntN(3)]
	if k.local {
		backend, server = "egress", "<NOSRV>"
	}
	t := [4]int{0, 0, g.r.IntN(4), g.ms(60)}
	if g.r.IntN(10) == 0 {
		t[1] = g.ms(5)
	}
	total := 0
	for i := range t {
		if i >= k.phases {
			t[i] = -1
		} else {
			total += t[i]
		}
	}
	total += g.ms(2)
	if k.term == "sH--" {
		total = 30000 + g.r.IntN(5)
	}
	method := [...]string{"GET", "POST", "PUT", "DELETE", "PATCH"}[g.methods.draw(g.r)]
	if g.o.Custom {
		return g.custom(b, k, rt, backend, server, t, total, method)
	}
	b = g.client(b)
	b = append(b, " ["...)
	b = g.when.AppendFormat(b, "02/Jan/2006:15:04:05.000")
	b = fmt.Appendf(b, "] egress~ %s/%s %d/%d/%d/%d/%d %d %d - - %s %d/%d/%d/%d/%s 0/0 \"%s %s",
		backend, server, t[0], t[1], t[2], t[3], total, k.status, 150+g.r.IntN(20000), k.term,
		1+g.r.IntN(900), 1+g.r.IntN(900), g.r.IntN(60), g.r.IntN(30), g.retries(), method, rt.path)
	b = g.tail(b)
	return append(b, " HTTP/1.1\"\n"...)
}

func (g *generator) custom(b []byte, k kind, rt *route, backend, server string, t [4]int, total int, method string) []byte {
	b = fmt.Appendf(b, "%s|%d|%s|%d/%d/%d/%d/%d|egress~|%s|%s|", method, k.status, k.term, t[0], t[1], t[2], t[3], total, backend, server)
	b = g.client(b)
	b = fmt.Appendf(b, "|%d|%s|0/0|%d/%d/%d/%d|[", 150+g.r.IntN(20000), g.retries(), 1+g.r.IntN(900), 1+g.r.IntN(900), g.r.IntN(60), g.r.IntN(30))
	b = g.when.AppendFormat(b, "02/Jan/2006:15:04:05.000]|")
	b = append(b, rt.path...)
	b = g.tail(b)
	return append(b, "|HTTP/1.1\n"...)
}

func (g *generator) client(b []byte) []byte {
	return fmt.Appendf(b, "10.%d.%d.%d:%d", g.r.IntN(4), g.r.IntN(256), 1+g.r.IntN(254), 1024+g.r.IntN(60000))
}

func (g *generator) retries() string {
	switch g.r.IntN(300) {
	case 0:
		return "+1"
	case 1, 2:
		return strconv.Itoa(1 + g.r.IntN(3))
	}
	return "0"
}

// tail appends what follows the labels in a path: an id, and often a query string.
func (g *generator) tail(b []byte) []byte {
	b = fmt.Appendf(b, "/v1/orders/%07d", g.r.IntN(10_000_000))
	if g.r.IntN(10) < 6 {
		b = fmt.Appendf(b, "?reference=%016x&page=%d", g.r.Uint64(), g.r.IntN(50))
	}
	for n := g.o.Long; n > 0; n -= 16 {
		b = fmt.Appendf(b, "%016x", g.r.Uint64())
	}
	return b
}

// odd appends something that is not an ordinary request.
func (g *generator) odd(b []byte) []byte {
	switch n := g.r.IntN(6); {
	case n == 0:
		return append(b, "Server partner-07:prod:service01:high/s1 is DOWN, reason: Layer4 timeout.\n"...)
	case n == 1:
		b = g.client(b)
		b = append(b, " ["...)
		b = g.when.AppendFormat(b, "02/Jan/2006:15:04:05.000")
		return append(b, "] egress~ egress/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"\n"...)
	case n == 2 && !g.o.Clean:
		return append(b, "garbage \xff\xfe\x00 bytes\n"...)
	case n == 3:
		return append(b, "garbage without meaning\n"...)
	case n == 4:
		b = g.client(b)
		return append(b, " [cut\n"...)
	default:
		return append(b, "Proxy egress started.\n"...)
	}
}
