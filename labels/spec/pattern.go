package spec

import "regexp/syntax"

// Pattern returns the template as a regular expression (RE2) whose named groups are the labels, anchored
// at both ends. It is what the template matches, for programs that are generated from it.
func (t *Template) Pattern() (string, error) {
	re, err := syntax.Parse(t.shortest.String(), syntax.Perl)
	if err != nil {
		return "", err
	}
	names := map[int]string{}
	for i, g := range t.groups {
		names[g] = t.names[i]
	}
	anyNode(re, func(n *syntax.Regexp) bool {
		if n.Op == syntax.OpCapture {
			n.Name = names[n.Cap]
		}
		return false
	})
	return re.String(), nil
}
