package metrics

import (
	"bytes"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
)

// TestProtobufEqualsExpfmt compares the messages written from values with those that client_model and expfmt make
// of the same cut, decoded and byte for byte.
func TestProtobufEqualsExpfmt(t *testing.T) {
	idle := hostilePage(t, false)
	for i := range idle.Cut.families { // some series are not shown
		f := &idle.Cut.families[i]
		f.hidden = make([]bool, f.series.Len())
		for k := range f.hidden {
			f.hidden[k] = k%3 == 0
		}
	}
	natives, exemplars := 0, 0
	for name, page := range map[string]*Page{"hostile": hostilePage(t, true), "idle": idle, "large": {Cut: large(t, 5000).cut()}, "empty": {}} {
		families := page.Gather()
		var b bytes.Buffer
		if err := page.WriteProtobuf(&b); err != nil {
			t.Fatal(err)
		}
		if want := encode(t, families, expfmt.NewFormat(expfmt.TypeProtoDelim)); b.String() != want {
			t.Errorf("%s: the bytes differ: %d, want %d", name, b.Len(), len(want))
		}
		r := bytes.NewReader(b.Bytes())
		for _, want := range families {
			var got dto.MetricFamily
			if err := (protodelim.UnmarshalOptions{MaxSize: -1}).UnmarshalFrom(r, &got); err != nil {
				t.Fatalf("%s: %s: %v", name, want.GetName(), err)
			}
			if !proto.Equal(&got, want) {
				t.Errorf("%s: %s differs:\n%v\nwant\n%v", name, want.GetName(), &got, want)
			}
			for _, m := range got.Metric {
				if m.Histogram != nil && len(m.Histogram.PositiveDelta) > 2 {
					natives++
				}
				if m.Counter.GetExemplar() != nil {
					exemplars++
				}
			}
		}
		if r.Len() > 0 {
			t.Errorf("%s: %d bytes too many", name, r.Len())
		}
	}
	if natives < 10 || exemplars < 4 {
		t.Errorf("%d native histograms and %d exemplars were compared", natives, exemplars)
	}
}
