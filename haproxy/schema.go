package haproxy

import "haproxy_log_exporter/metrics/catalogue"

// schema is the catalogue's list of HAProxy's own fields, by scope. It is immutable.
type schema struct {
	fields map[catalogue.Scope][]catalogue.NativeField
	// info finds a key of "show info" among the fields of the process.
	info map[string]int
	// resolver finds a counter of "show resolvers" among the fields of a resolver.
	resolver map[string]int
}

func newSchema() *schema {
	s := &schema{fields: map[catalogue.Scope][]catalogue.NativeField{}, info: map[string]int{}, resolver: map[string]int{}}
	for _, scope := range catalogue.Scopes() {
		s.fields[scope] = catalogue.NativeFieldsOf(scope)
	}
	for i, f := range s.fields[catalogue.ScopeProcess] {
		s.info[f.Field] = i
		if f.Alias != "" {
			s.info[f.Alias] = i
		}
	}
	for i, f := range s.fields[catalogue.ScopeResolver] {
		s.resolver[f.Field] = i
	}
	return s
}

// find returns the index of a field of a scope by HAProxy's name, -1 when there is none.
func (s *schema) find(scope catalogue.Scope, field string) int {
	for i, f := range s.fields[scope] {
		if f.Field == field {
			return i
		}
	}
	return -1
}

// monotonic says whether the values of a field are summed over finished workers.
func monotonic(f *catalogue.NativeField) bool {
	return f.Aggregate == catalogue.Accumulate || f.Aggregate == catalogue.Carry
}
