package metrics

import "testing"

// TestHashesDoNotDecide puts places of other things under the hashes of series and prefixes.
func TestHashesDoNotDecide(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{}, "httplog")
	f.counted(request("c", "0/0/0/1/0 200 10"), request("d", "0/0/0/1/0 200 10"))
	r := &f.table.reg
	some := r.prefix("", []string{"c", "prod", "b", "prod", "s", "high"}, []byte(`x="y"`))
	route := r.prefixes.At(some).route
	for i := range uint32(r.prefixes.Len()) {
		r.byText.Add(r.hashValues("", []string{"new"}), i)
		r.byText.Add(r.hashValues("h", []string{"c", "prod", "b", "prod", "s", "high"}), i)
		r.byText.Add(r.hashExtra(route, []byte(`new="y"`)), i)
		r.byText.Add(r.hashExtra(route+1, []byte(`x="y"`)), i)
	}
	before := uint32(r.prefixes.Len())
	for what, got := range map[string]uint32{
		"values":    r.prefix("", []string{"new"}, nil),
		"a HAProxy": r.prefix("h", []string{"c", "prod", "b", "prod", "s", "high"}, nil),
		"an extra":  r.under(route, []byte(`new="y"`)),
		"a route":   r.under(route+1, []byte(`x="y"`)),
	} {
		if got < before {
			t.Errorf("%s that is new has the prefix of another: %q", what, r.prefixes.At(got).text)
		}
	}
	fam := f.table.fam.requests
	first := fam.series.At(0)
	for i := range uint32(fam.series.Len()) {
		fam.index.Add(hashSeries(some, first.suffix), i)
		fam.index.Add(hashSeries(first.prefix, 1), i)
	}
	if r.find(fam, some, first.suffix) >= 0 || r.find(fam, first.prefix, 1) >= 0 {
		t.Error("a series that is not born is found")
	}
}
