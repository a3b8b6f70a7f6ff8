package metrics

import (
	"errors"
	"fmt"
	"slices"
)

// Samples collects the samples of one scrape that are not counted from lines: those of the exporter,
// of the sockets, and what follows from the configuration. Families and label values are checked
// against the catalogue; a mismatch is a mistake in this program, kept for Err and left out of the page.
// It is not safe for concurrent use. A Samples that a writer uses must not be changed any more.
type Samples struct {
	families *Families
	haproxy  string
	sets     []*sampleSet // by Family.order; nil when empty
	errs     []error
}

type sampleSet struct {
	family  *Family
	samples []sample
}

type sample struct {
	labels string // escaped text without braces
	value  float64
}

// NewSamples returns an empty collection for these families.
func NewSamples(fs *Families) *Samples {
	return &Samples{families: fs, sets: make([]*sampleSet, len(fs.list))}
}

// SetHAProxy names the HAProxy that the following samples belong to. The name is used only when more
// than one HAProxy is configured, and only by families that belong to one.
func (s *Samples) SetHAProxy(name string) { s.haproxy = name }

// Add appends one sample. values are in the order of the family's labels in the catalogue, route labels
// first where the family has them, without haproxy (see SetHAProxy). Values need not be escaped; they
// have to be valid UTF-8. The value is in the unit of the family's name.
func (s *Samples) Add(name string, value float64, values ...string) {
	f, ok := s.families.Find(name)
	if !ok {
		s.errs = append(s.errs, fmt.Errorf("metric %s is not in the catalogue", name))
		return
	}
	own := f.Names
	if f.perHAProxy {
		own = own[1:]
	}
	if len(values) != len(own) {
		s.errs = append(s.errs, fmt.Errorf("metric %s has the labels %v, got %d values %q", name, own, len(values), values))
		return
	}
	set := s.sets[f.order]
	if set == nil {
		set = &sampleSet{family: f}
		s.sets[f.order] = set
	}
	var text []byte
	if f.perHAProxy {
		text = appendLabel(text, f.Names[0], s.haproxy)
	}
	for i, n := range own {
		text = appendLabel(text, n, values[i])
	}
	set.samples = append(set.samples, sample{labels: string(text), value: value})
}

// Bool adds 1 for true and 0 for false.
func (s *Samples) Bool(name string, value bool, values ...string) {
	v := 0.0
	if value {
		v = 1
	}
	s.Add(name, v, values...)
}

// Err returns what was wrong with the samples added so far, nil in a correct program. A duplicate
// label set within a family is reported too.
func (s *Samples) Err() error {
	errs := slices.Clone(s.errs)
	for _, set := range s.sets {
		if set == nil {
			continue
		}
		seen := make(map[string]bool, len(set.samples))
		for _, m := range set.samples {
			if seen[m.labels] {
				errs = append(errs, fmt.Errorf("metric %s has the labels {%s} twice", set.family.Name, m.labels))
			}
			seen[m.labels] = true
		}
	}
	return errors.Join(errs...)
}

// appendLabel appends name="value", escaped, with a comma before it unless b is empty.
func appendLabel(b []byte, name, value string) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(b, name...)
	b = append(b, '=', '"')
	b = appendEscaped(b, value, true)
	return append(b, '"')
}

// appendEscaped escapes backslash and line feed, and the double quote when quotes is set, as both text
// formats ask for (label values: with quotes in both; HELP: with quotes in OpenMetrics only).
func appendEscaped(b []byte, s string, quotes bool) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var e byte
		switch c := s[i]; {
		case c == '\\':
			e = '\\'
		case c == '\n':
			e = 'n'
		case c == '"' && quotes:
			e = '"'
		default:
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, '\\', e)
		from = i + 1
	}
	return append(b, s[from:]...)
}
