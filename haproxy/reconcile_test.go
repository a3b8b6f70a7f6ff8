package haproxy

import (
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

// frontend is a result with one frontend.
func frontend(s *schema, total, intercepted float64) *Result {
	fields := s.fields[catalogue.ScopeFrontend]
	o := Object{Scope: catalogue.ScopeFrontend, Proxy: "fe", Values: nans(len(fields)), fields: fields}
	o.Values[s.find(catalogue.ScopeFrontend, "req_tot")] = total
	o.Values[s.find(catalogue.ScopeFrontend, "intercepted")] = intercepted
	tcp := Object{Scope: catalogue.ScopeFrontend, Proxy: "tcp", Values: nans(len(fields)), fields: fields}
	return &Result{Objects: map[catalogue.Scope][]Object{catalogue.ScopeFrontend: {tcp, o}}}
}

func TestReconcile(t *testing.T) {
	s := newSchema()
	r := NewReconciler()
	for i, step := range []struct {
		total, intercepted, lines, local     float64
		wantRequests, wantLines, wantMonitor float64
	}{
		{1000, 300, 700, 50, 0, 0, 0},    // the point of departure
		{1010, 300, 708, 50, 10, 8, 0},   // 10 requests, 2 lines missing
		{1020, 310, 708, 50, 10, 8, 10},  // 10 monitor hits
		{1025, 315, 708, 50, 10, 8, 15},  // 5 redirects, their lines not read yet: they look like monitor hits
		{1025, 315, 713, 55, 15, 13, 15}, // then the lines come
		{1025, 315, 716, 55, 15, 16, 15}, // an old worker's last lines
		{1025, 317, 716, 55, 15, 16, 15}, // read while a hit is counted on one side only
		{1027, 317, 716, 55, 15, 16, 15},
		{5, 0, 721, 55, 20, 21, 15}, // the frontend was dropped and restarted at 0
		{5, 0, 3, 0, 20, 24, 15},    // the log's counter was restarted
	} {
		got := r.Update(frontend(s, step.total, step.intercepted), map[string]LineCount{"fe": {step.lines, step.local}})
		if len(got) != 1 || got[0].Proxy != "fe" || got[0].Requests != step.wantRequests || got[0].Lines != step.wantLines || got[0].Monitor != step.wantMonitor {
			t.Errorf("step %d: %+v, want %v requests, %v lines, %v monitor", i, got, step.wantRequests, step.wantLines, step.wantMonitor)
		}
		b, err := r.MarshalBinary() // each step goes through the snapshot
		if err != nil {
			t.Fatal(err)
		}
		r = NewReconciler()
		if err := r.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"", "{", "null", `{"fe":null}`, "[]"} {
		if err := r.UnmarshalBinary([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if got := r.Current(); len(got) != 1 || got[0].Requests != 20 || got[0].Missing() != -4 || got[0].Ratio() != 1.2 {
		t.Errorf("%+v", got)
	}
	if (&Reconciled{}).Ratio() != 1 {
		t.Error("no requests, nothing missing")
	}
}
