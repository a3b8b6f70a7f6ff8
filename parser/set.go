package parser

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"haproxy_log_exporter/internal/diag"
)

// Format is one log-format that lines of a source may follow.
type Format struct {
	Name             string   // for messages: a preset's name, or where the format was found
	Text             string   // the log-format string
	Captures         []string // the names (or declarations) of the captured request headers, in order
	ResponseCaptures []string
	Frontends        []string // the frontends that use it, when known
	ErrorFormat      bool     // an error-log-format
}

// SetOptions tune a Set.
type SetOptions struct {
	Want []string // names of fields beside the canonical ones that will be asked for
	All  bool     // keep every field (explain, tests); else what nobody wants is only skipped
}

// Set holds the formats of a source. It is shared by goroutines; Field and NewReader may be called
// at any time.
type Set struct {
	formats  []Format
	programs []*Program // parallel to formats, unbound

	mu    sync.Mutex
	wants wants
	next  Field
	bound []*Program // for wants as they are now, most specific first; nil after a new wish
}

// NewSet compiles the formats. The error is a diag.List with the problems of all of them.
func NewSet(formats []Format, opt SetOptions) (*Set, error) {
	s := &Set{next: NumFields, wants: wants{all: opt.All, names: map[string]Field{}}}
	var problems diag.List
	if len(formats) == 0 {
		problems.Add(diag.Problem{Source: "log-format", Msg: "no log format given", Hint: "name a preset such as httplog, or give the log-format string"})
	}
	for _, f := range formats {
		p, err := compile(f, true)
		if err != nil {
			for _, q := range diag.All(f.Name, err) {
				if f.Name != "" {
					q.Source = f.Name
				}
				problems.Add(q)
			}
			continue
		}
		if i := slices.IndexFunc(s.programs, p.sameShape); i >= 0 {
			if !s.programs[i].sameFields(p) {
				problems.Add(diag.Problem{Source: f.Name, Text: f.Text,
					Msg:  fmt.Sprintf("lines of this format cannot be told from those of %s, %s", s.formats[i].Name, s.formats[i].Text),
					Hint: "give the formats different texts, or use one of them"})
			}
			continue
		}
		s.formats, s.programs = append(s.formats, f), append(s.programs, p)
		if strings.Contains(f.Text, "${HAPROXY_") {
			if p, err := compile(f, false); err == nil {
				s.formats, s.programs = append(s.formats, f), append(s.programs, p)
			}
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if opt.All {
		for _, name := range s.Names() {
			// A captured header is listed though its format may lack %hr: it has no slot then.
			_, _ = s.Field(name)
		}
	}
	for _, name := range opt.Want {
		if _, err := s.Field(name); err != nil {
			problems.Append("field", err)
		}
	}
	return s, problems.Err()
}

// HTTP reports whether any of the formats prints requests; else all print TCP sessions.
func (s *Set) HTTP() bool { return slices.ContainsFunc(s.programs, (*Program).HTTP) }

// sameShape reports whether lines of p and q look alike.
func (p *Program) sameShape(q *Program) bool {
	return slices.EqualFunc(p.items, q.items, func(a, b item) bool {
		return a.class == b.class && a.lit == b.lit && a.quoted == b.quoted && a.emptyOK == b.emptyOK
	})
}

func (p *Program) sameFields(q *Program) bool {
	return slices.EqualFunc(p.items, q.items, func(a, b item) bool { return a.name == b.name || a.field == b.field && a.expr == b.expr })
}

func (s *Set) want(name string, f Field) {
	if s.wants.names[name] != f {
		s.wants.names[name] = f
		s.bound = nil
	}
}

// Leave says that nobody counts these fields: Readers made from now on skip them unless Field was asked for them.
func (s *Set) Leave(fields ...Field) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wants.left == nil {
		s.wants.left = map[Field]bool{}
	}
	for _, f := range fields {
		s.wants.left[f] = true
	}
	s.bound = nil
}

// ready returns the programs for what is wanted now, the most specific first.
func (s *Set) ready() []*Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bound == nil {
		for i, p := range s.programs {
			s.bound = append(s.bound, p.bind(&s.wants, &s.formats[i]))
		}
		slices.SortStableFunc(s.bound, func(a, b *Program) int { return cmp.Compare(b.rank, a.rank) })
		slots := 0
		for _, p := range s.bound {
			slots = max(slots, p.slots)
		}
		for i, p := range s.bound {
			p.direct = !p.weak && (p.strict || !slices.ContainsFunc(s.bound[:i], func(q *Program) bool { return !p.disjoint(q) }))
			p.slots = slots // one size for all: a Record is not grown when formats alternate
		}
	}
	return s.bound
}

// disjoint reports whether the beginning of a line tells lines of p from those of q.
func (p *Program) disjoint(q *Program) bool {
	a, b := &p.items[0], &q.items[0]
	if a.class != clsLiteral {
		a, b = b, a
	}
	switch {
	case a.class != clsLiteral:
		return false
	case b.class == clsLiteral:
		n := min(len(a.lit), len(b.lit))
		return a.lit[:n] != b.lit[:n]
	}
	return !b.vanish && !b.emptyOK && !b.begins(a.lit[0])
}

// NewReader returns a Reader for one goroutine.
func (s *Set) NewReader() *Reader {
	programs := s.ready()
	return &Reader{programs: programs, last: programs[0]}
}
