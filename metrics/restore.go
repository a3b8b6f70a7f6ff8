package metrics

import (
	"errors"
	"fmt"

	"haproxy_log_exporter/internal/wire"
	"haproxy_log_exporter/metrics/catalogue"
)

// errSnapshot is returned, wrapped, for anything that Marshal did not write.
var errSnapshot = errors.New("damaged series")

// savedFamily is a family of a snapshot.
type savedFamily struct {
	name, signature string
	restarts        uint64
	width           int
	series          []savedSeries
}

type savedSeries struct {
	prefix  int
	created int64
	suffix  string
	values  []uint64
}

// Restore takes over the series of a snapshot that Cut.Marshal wrote. Families whose labels, type and buckets
// are as they were go on where they stopped; others start again at 0, which is counted in
// haproxy_log_schema_restarts_total, and their names are returned. It is called once on a new table, before
// the first line is counted. On an error the table is unchanged.
func (t *Table) Restore(data []byte) (restarted []string, err error) {
	s, err := decodeSnapshot(data)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle.expired = s.expired
	for label, values := range s.admitted {
		for _, v := range values {
			t.admit(label, v)
		}
	}
	kept := map[string]bool{}
	for i := range s.families {
		f := &s.families[i]
		now := t.reg.byName[f.name]
		if now == nil {
			continue
		}
		now.restarts = f.restarts
		if f.signature != now.signature() {
			if len(f.series) > 0 {
				now.restarts++
				restarted = append(restarted, f.name)
			}
			continue
		}
		kept[f.name] = true
		for k := range f.series {
			t.restoreSeries(now, s.prefix(t, f.series[k].prefix), &f.series[k])
		}
	}
	if t.fam.native != nil && kept[catalogue.RequestDuration] {
		for k := range s.native.series {
			t.restoreSeries(t.fam.native, s.prefix(t, s.native.series[k].prefix), &s.native.series[k])
		}
	}
	return restarted, nil
}

// restoreSeries finds or gives birth to a series and adds the saved values to the base.
func (t *Table) restoreSeries(f *family, p uint32, s *savedSeries) {
	suffix := t.reg.intern([]byte(s.suffix))
	if f.block != nil {
		t.ensure(f.block, p, true)
	} else {
		t.ensureOne(f, p, suffix, true)
	}
	i := t.reg.find(f, p, suffix)
	if i < 0 {
		return // a value of a label that this version does not have
	}
	sr := f.series.At(uint32(i))
	sr.created = s.created
	if n := int(sr.off) + f.width - len(t.base); n > 0 {
		t.base = append(t.base, make([]uint64, n)...)
	}
	for i := range min(f.width, len(s.values)) {
		t.base[int(sr.off)+i] += s.values[i]
	}
}

// savedTable is a decoded snapshot.
type savedTable struct {
	expired  uint64
	admitted map[string][]string
	prefixes []prefix
	ids      []uint32 // of prefixes in the present registry, plus one; 0 when not needed yet
	families []savedFamily
	native   savedFamily
}

// prefix returns the present index of a saved prefix.
func (s *savedTable) prefix(t *Table, i int) uint32 {
	if s.ids[i] == 0 {
		p := &s.prefixes[i]
		s.ids[i] = t.reg.prefix(p.haproxy, p.values, []byte(p.extra)) + 1
	}
	return s.ids[i] - 1
}

func decodeSnapshot(data []byte) (*savedTable, error) {
	if len(data) == 0 || data[0] != snapshotVersion {
		return nil, fmt.Errorf("%w: unknown version", errSnapshot)
	}
	d := wire.NewDecoder(data[1:])
	s := &savedTable{expired: d.Uint(), admitted: map[string][]string{}}
	for range d.Count(2) {
		label := d.Text()
		s.admitted[label] = d.Texts(d.Count(1))
	}
	s.prefixes = make([]prefix, d.Count(3))
	s.ids = make([]uint32, len(s.prefixes))
	for i := range s.prefixes {
		p := &s.prefixes[i]
		p.haproxy, p.extra = d.Text(), d.Text()
		if d.Bool() {
			p.values = d.Texts(d.Count(1))
		}
	}
	s.families = make([]savedFamily, d.Count(5))
	for i := range s.families {
		f := &s.families[i]
		f.name, f.signature, f.restarts = d.Text(), d.Text(), d.Uint()
		f.read(&d, len(s.prefixes))
	}
	s.native.read(&d, len(s.prefixes))
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return s, nil
}

// read reads the family's series.
func (f *savedFamily) read(d *wire.Decoder, prefixes int) {
	width := d.Uint()
	if width > MaxBuckets+3 {
		d.Fail(errors.New("a series has too many values"))
		return
	}
	f.width = int(width)
	f.series = make([]savedSeries, d.Count(3+f.width))
	values := make([]uint64, len(f.series)*f.width)
	for i := range f.series {
		s := &f.series[i]
		s.prefix, s.created, s.suffix = int(d.Uint()), int64(d.Uint()), d.Text()
		if s.prefix < 0 || s.prefix >= prefixes {
			d.Fail(errors.New("a series has a prefix that is not there"))
			return
		}
		s.values, values = values[:f.width:f.width], values[f.width:]
		for k := range s.values {
			s.values[k] = d.Uint()
		}
	}
}
