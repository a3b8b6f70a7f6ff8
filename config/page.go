package config

import (
	"bytes"
	"errors"
)

// The marks around the generated table in docs/configuration.md.
const (
	tableBegin = "<!-- keys: begin, made by make docs -->\n"
	tableEnd   = "<!-- keys: end -->\n"
)

// Page returns the page with its table of keys replaced by the present one.
func Page(page []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(page, []byte(tableBegin))
	_, foot, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		return nil, errors.New("the page lacks the marks around the table of keys")
	}
	return bytes.Join([][]byte{head, []byte(tableBegin), []byte(Markdown()), []byte(tableEnd), foot}, nil), nil
}
