package cfg

import "strings"

// Unquote returns what HAProxy makes of a log-format string that was copied out of haproxy.cfg together with its
// quoting: in quotes, with backslashes before blanks or quotes, perhaps with its keyword. It is false when
// the text has nothing of that.
func Unquote(text string) (string, bool) {
	t := strings.TrimSpace(text)
	for _, keyword := range []string{"log-format", "error-log-format"} {
		if rest, ok := strings.CutPrefix(t, keyword); ok && rest != "" && isSpace(rest[0]) {
			t = strings.TrimSpace(rest)
		}
	}
	// What stands for a variable stays: the parser knows those that HAProxy sets.
	split := tokenizer{missing: func(string, int, int) {}, lookup: func(name string) (string, bool) { return "${" + name + "}", true }}
	if t != "" && (t[0] == '"' || t[0] == '\'' || strings.Contains(t, `\`)) {
		if words, err := split.split(t); err == nil && len(words) == 1 {
			return words[0].text, words[0].text != text
		}
	}
	if strings.Contains(t, `\"`) { // the quotes around it were left out
		if words, err := split.split(`"` + t + `"`); err == nil && len(words) == 1 {
			return words[0].text, true
		}
	}
	return t, t != strings.TrimSpace(text)
}
