package parser

import "errors"

// Format is one log-format that lines of a source may follow.
type Format struct {
	Name             string   // for messages: a preset's name, or where the format was found
	Text             string   // the log-format string
	Captures         []string // the names of the captured request headers, in the order of declaration
	ResponseCaptures []string
	Frontends        []string // the frontends that use it, when known
	ErrorFormat      bool     // an error-log-format
}

// SetOptions tune a Set.
type SetOptions struct {
	Want []string // names of fields beside the canonical ones that will be asked for
	All  bool     // keep every field (explain, tests); else what nobody wants is only skipped
}

// Set holds the formats of a source. It is immutable and shared by goroutines.
type Set struct{}

// NewSet compiles the formats.
func NewSet(formats []Format, opt SetOptions) (*Set, error) { return nil, errors.ErrUnsupported }

// Field returns the slot of a name.
func (s *Set) Field(name string) (Field, error) { return 0, errors.ErrUnsupported }

// NewReader returns a Reader for one goroutine.
func (s *Set) NewReader() *Reader { return &Reader{} }

// Reader parses lines of one source. It is for one goroutine.
type Reader struct{}

// Line parses one line without its newline into rec.
func (r *Reader) Line(line []byte, rec *Record) Result { return ResultLiteral }
