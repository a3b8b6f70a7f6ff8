package parser

import "errors"

// Program is a compiled log-format.
type Program struct{}

// Compile compiles a log-format string.
func Compile(format string) (*Program, error) { return nil, errors.ErrUnsupported }

// Preset returns the log-format of a preset.
func Preset(name string) (string, bool) { return "", false }

// Parse parses one message, without its envelope, into rec.
func (p *Program) Parse(msg []byte, rec *Record) Result { return ResultLiteral }
