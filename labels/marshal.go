package labels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"haproxy_log_exporter/internal/wire"
)

// snapshotVersion is the first byte of the binary form.
const snapshotVersion = 1

// MarshalBinary returns what was admitted: values in the order of their admission, and all routes, so
// that after a restart the same values stand for themselves and routes keep their IDs.
func (a *Admission) MarshalBinary() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := []byte{snapshotVersion}
	b = binary.AppendUvarint(b, uint64(len(a.schema.names)))
	b = wire.AppendTexts(b, a.schema.names)
	for i := range a.pools {
		b = binary.AppendUvarint(b, uint64(len(a.pools[i].order)))
		b = wire.AppendTexts(b, a.pools[i].order)
	}
	b = binary.AppendUvarint(b, uint64(a.base))
	b = binary.AppendUvarint(b, uint64(len(a.list)))
	for _, r := range a.list {
		b = wire.AppendBool(b, r.Served)
		b = wire.AppendTexts(b, r.Values)
	}
	return b, nil
}

// errSnapshot is returned, wrapped, for anything that MarshalBinary did not write.
var errSnapshot = errors.New("damaged list of admitted label values")

// UnmarshalBinary takes over what an earlier Admission admitted. It is called before the first line is
// resolved. Values stay admitted even when the limits are smaller now; what a vocabulary no longer lists
// becomes "other" for future lines. When label names changed, the values of labels that are still there
// are kept and the routes start anew. On an error nothing is changed.
func (a *Admission) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != snapshotVersion {
		return fmt.Errorf("%w: unknown version", errSnapshot)
	}
	d := wire.NewDecoder(data[1:])
	names := d.Texts(d.Count(1))
	pools := make([][]string, len(names)+2)
	for i := range pools {
		pools[i] = d.Texts(d.Count(1))
	}
	base := int(min(d.Uint(), 1<<31))
	routes := make([]*Route, d.Count(1))
	for i := range routes {
		r := &Route{Served: d.Bool()}
		r.Values = d.Texts(len(names))
		routes[i] = r
	}
	if base > len(routes) {
		d.Fail(errors.New("more old routes than routes"))
	}
	if err := d.End(); err != nil {
		return fmt.Errorf("%w: %w", errSnapshot, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, p := range pools {
		if k := a.label(names, i); k >= 0 {
			a.restorePool(k, p)
		}
	}
	if slices.Equal(names, a.schema.names) {
		a.restoreRoutes(routes, base)
	}
	a.epoch.Add(1)
	a.version.Add(1)
	return nil
}

// label returns the present index of label i of a snapshot with these names, or -1.
func (a *Admission) label(names []string, i int) int {
	if i >= len(names) {
		return len(a.schema.names) + i - len(names)
	}
	return slices.Index(a.schema.names, names[i])
}

func (a *Admission) restorePool(k int, values []string) {
	p := &a.pools[k]
	for _, v := range values {
		if _, known := p.values[v]; known || p.closed != nil || v == "" {
			continue
		}
		p.values[v] = v
		p.order = append(p.order, v)
	}
}

// restoreRoutes puts the routes of the snapshot first, so that they keep their IDs; declared routes that
// it did not have follow.
func (a *Admission) restoreRoutes(routes []*Route, base int) {
	declared := a.list
	a.list, a.unserved = nil, 0
	a.routes.Clear()
	for _, r := range routes {
		a.born(r.Values, r.Served)
	}
	a.base = min(base, len(a.list))
	a.unserved = 0
	for _, r := range a.list[a.base:] {
		if !r.Served {
			a.unserved++
		}
	}
	for _, r := range declared {
		if a.find(r.Values) == nil {
			a.born(r.Values, true)
			a.base++
		}
	}
}
