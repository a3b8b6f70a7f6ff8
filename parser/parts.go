package parser

import "regexp"

// Part is one piece of a format for programs that generate something from it.
type Part struct {
	Literal string // text of the format; the other fields are zero then
	Name    string // the field as the user knows it: "%TR", "%[src]"
	Field   Field  // its canonical meaning, FieldNone when it has none
	Pattern string // RE2 expression without groups that names or numbers; fits every text of the field
	// Vanishes is set when the field can print nothing; Swallows when the blank behind it then goes too.
	Vanishes, Swallows bool
	// Scheme is set for %HP, which keeps scheme and authority of an absolute target.
	JSON bool // the value is encoded as JSON
}

// Parts returns the pieces of the format in order.
func (p *Program) Parts() []Part {
	parts := make([]Part, 0, len(p.items))
	for i := range p.items {
		it := &p.items[i]
		if it.class == clsLiteral {
			parts = append(parts, Part{Literal: it.lit})
			continue
		}
		part := Part{Name: it.name, Field: it.field, Pattern: it.pattern(), Vanishes: it.vanish, Swallows: it.swallow, JSON: it.class >= clsJSONNumber}
		if it.never {
			part.Pattern = ""
		}
		parts = append(parts, part)
	}
	return parts
}

// pattern is the expression of the item's class, wide where a narrow one would only be longer.
func (it *item) pattern() string {
	pat := it.class.pattern()
	if it.plus {
		pat = `[-+]?\d+`
	}
	if it.class == clsBraces && it.quoted {
		pat = `"` + pat + `"`
	}
	if it.emptyOK && !it.vanish {
		pat = "(?:" + pat + ")?"
	}
	return pat
}

func (c class) pattern() string {
	switch c {
	case clsInt, clsOptInt:
		return `-?\d*`
	case clsUint:
		return `\d+`
	case clsMs:
		return `\d{3}`
	case clsDateMs:
		return `[\w\/:.]+`
	case clsDateZone:
		return `[\w\/:]+ [-+]\d{4}`
	case clsState2:
		return `[-\w]{2}`
	case clsState4:
		return `[-\w]{4}`
	case clsName:
		return `[^ "\/|,{}]+`
	case clsURL, clsToken:
		return `[^ "]+`
	case clsQuery:
		return `[^ "]*`
	case clsRequest:
		return `[^"]*`
	case clsBraces:
		return `\{[^}]*\}`
	case clsCookie, clsText, clsList:
		return `.*?`
	case clsEscaped:
		return `(?:[^"\\]|\\.)*`
	}
	return `[^ "]+`
}

// QuoteLiteral returns the expression for a literal between slashes.
func QuoteLiteral(s string) string {
	out := make([]byte, 0, len(s))
	for _, c := range []byte(regexp.QuoteMeta(s)) {
		if c == '/' {
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	return string(out)
}
