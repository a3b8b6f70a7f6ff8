package lab

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Route is what the six labels of a request are expected to be.
type Route struct{ Client, ClientEnv, Partner, PartnerEnv, Service, SLA string }

func (r Route) path() string {
	return "/" + strings.Join([]string{r.Client, r.ClientEnv, r.Partner, r.PartnerEnv, r.Service, r.SLA}, "/")
}

// call is one kind of request that the simulated clients make.
type call struct {
	route  Route
	source string // the client's address
	method string
	path   string // of the partner
	weight int
}

// calls is the traffic mix. The last three are refused by HAProxy itself: an unknown
// client, a client that speaks for another, an unknown route.
func calls() []call {
	var (
		pay    = Route{"myback", "prod", "bank", "prod", "payments", "high"}
		shop   = Route{"webshop", "prod", "bank", "prod", "payments", "high"}
		test   = Route{"webshop", "test", "bank", "test", "payments", "medium"}
		parcel = Route{"webshop", "prod", "postal", "prod", "tracking", "medium"}
		tax    = Route{"batch", "prod", "tax", "prod", "filing", "low"}
		score  = Route{"crm", "prod", "credit", "prod", "score", "high"}
		lookup = Route{"crm", "prod", "registry", "prod", "lookup", "high"}
		fax    = Route{"myback", "prod", "fax", "prod", "send", "low"}
		export = Route{"batch", "prod", "ledger", "prod", "export", "medium"}
	)
	return []call{
		{pay, "127.0.1.1", "POST", "/transfers", 20},
		{pay, "127.0.1.1", "GET", "/accounts/%d?fields=balance,limit", 10},
		{shop, "127.0.1.2", "POST", "/transfers", 10},
		{test, "127.0.1.2", "GET", "/accounts/%d", 4},
		{parcel, "127.0.1.2", "GET", "/parcels/%d", 10},
		{tax, "127.0.1.4", "PUT", "/reports/%d", 5},
		{score, "127.0.1.3", "GET", "/persons/%d/score", 10},
		{lookup, "127.0.1.3", "GET", "/companies/%d", 10},
		{fax, "127.0.1.1", "POST", "/faxes", 5},
		{export, "127.0.1.4", "GET", "/ledger/%d", 2},
		{Route{"intruder", "prod", "bank", "prod", "payments", "high"}, "127.0.1.9", "GET", "/accounts/%d", 2},
		{Route{"myback", "prod", "bank", "prod", "payments", "high"}, "127.0.1.3", "GET", "/accounts/%d", 1},
		{Route{"crm", "prod", "bank", "prod", "mortgages", "high"}, "127.0.1.3", "GET", "/rates", 2},
	}
}

// traffic sends a steady stream of requests and counts them.
type traffic struct {
	target  string // host:port of the egress frontend
	rate    float64
	clients map[string]*http.Client
	mu      sync.Mutex
	sent    map[Route]int
	codes   map[int]int // by status; 0 when there was no answer
	cancel  context.CancelFunc
	done    chan struct{}
}

func startTraffic(target string, rate float64) *traffic {
	t := &traffic{target: target, rate: rate, clients: map[string]*http.Client{}, sent: map[Route]int{}, codes: map[int]int{}, done: make(chan struct{})}
	for _, c := range calls() {
		if t.clients[c.source] == nil {
			d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.source)}, Timeout: 5 * time.Second}
			// One connection per request: a client that reuses connections repeats a
			// request by itself when one was closed, and the count would be off.
			t.clients[c.source] = &http.Client{Timeout: 15 * time.Second,
				Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	go t.run(ctx)
	return t
}

func (t *traffic) run(ctx context.Context) {
	defer close(t.done)
	var wg sync.WaitGroup
	defer wg.Wait()
	mix := calls()
	var deck []call // every call as often as it weighs, in another order each time: a short run has all of them
	pick := func() call {
		if len(deck) == 0 {
			for _, c := range mix {
				deck = append(deck, slices.Repeat([]call{c}, c.weight)...)
			}
			rand.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		c := deck[len(deck)-1]
		deck = deck[:len(deck)-1]
		return c
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / t.rate))
	defer tick.Stop()
	burst := time.NewTicker(5 * time.Second)
	defer burst.Stop()
	send := func(c call) { wg.Add(1); go func() { defer wg.Done(); t.send(c) }() }
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			send(pick())
		case <-burst.C:
			// More than the credit agency takes at once: some find it busy.
			for _, c := range mix {
				for range 12 {
					if c.route.Partner == "credit" {
						send(c)
					}
				}
			}
		}
	}
}

// send makes one request. It runs to its end also after stop: what was sent is counted.
func (t *traffic) send(c call) {
	path := c.path
	if strings.Contains(path, "%d") {
		path = fmt.Sprintf(path, rand.IntN(100000))
	}
	var body io.Reader
	if c.method != http.MethodGet {
		body = strings.NewReader(strings.Repeat("{\"amount\": 100}\n", 1+rand.IntN(40)))
	}
	r, err := http.NewRequest(c.method, "http://"+t.target+c.route.path()+path, body)
	if err != nil {
		panic(err) // the table above is wrong
	}
	r.Header.Set("X-Request-Id", fmt.Sprintf("%016x", rand.Uint64()))
	code := 0
	if resp, err := t.clients[c.source].Do(r); err == nil {
		// A body cut by the partner is no error of the count.
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		code = resp.StatusCode
	}
	t.mu.Lock()
	t.sent[c.route]++
	t.codes[code]++
	t.mu.Unlock()
}

// stop ends the stream, waits for the answers still to come, and returns the counts.
func (t *traffic) stop() Sent {
	t.cancel()
	<-t.done
	t.mu.Lock()
	defer t.mu.Unlock()
	return Sent{Requests: t.sent, Codes: t.codes}
}

// Sent is what the simulated clients did.
type Sent struct {
	Requests map[Route]int
	Codes    map[int]int
}

// Total is the number of requests.
func (s Sent) Total() int {
	n := 0
	for _, v := range s.Requests {
		n += v
	}
	return n
}
