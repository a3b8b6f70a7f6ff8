package labels

import (
	"strings"

	"haproxy_log_exporter/labels/spec"
)

// mapCache turns a field's bytes into the number of its map's answer: a key of the resolver then holds
// four bytes for all addresses of a network instead of each address. It is bounded and starts again
// empty when full. Number 0 is "no entry". Numbers are never reused: keys of the resolver hold them.
type mapCache struct {
	mapping *spec.Mapping
	hashes  []uint64 // 0 is free
	keys    []string
	numbers []uint32
	n       int
	index   map[string]uint32
	values  []string // by number, from 1
}

const (
	mapCacheSize = 1 << 15 // slots; half of them are used at most
	mapCacheKey  = 256     // longer fields are looked up each time
)

func newMapCache(m *spec.Mapping) *mapCache {
	return &mapCache{mapping: m, hashes: make([]uint64, mapCacheSize), keys: make([]string, mapCacheSize),
		numbers: make([]uint32, mapCacheSize), index: map[string]uint32{}}
}

// id returns the number of the map's answer for b.
func (c *mapCache) id(seed uint64, b []byte) uint32 {
	h := hashBytes(seed, b) | 1
	const mask = mapCacheSize - 1
	i := h & mask
	for ; c.hashes[i] != 0; i = (i + 1) & mask {
		if c.hashes[i] == h && c.keys[i] == string(b) {
			return c.numbers[i]
		}
	}
	return c.miss(h, i, b)
}

func (c *mapCache) miss(h, i uint64, b []byte) uint32 {
	n := c.lookup(b)
	if len(b) > mapCacheKey {
		return n
	}
	if c.n >= mapCacheSize/2 {
		clear(c.hashes)
		clear(c.keys)
		c.n, i = 0, h&(mapCacheSize-1)
	}
	c.n++
	c.hashes[i], c.keys[i], c.numbers[i] = h, string(b), n
	return n
}

func (c *mapCache) lookup(b []byte) uint32 {
	v, ok := c.mapping.Lookup(b)
	if !ok {
		return 0
	}
	if n, ok := c.index[v]; ok {
		return n
	}
	// The values come from the map file: there are as many as it has lines.
	v = strings.Clone(v)
	c.values = append(c.values, v)
	c.index[v] = uint32(len(c.values))
	return uint32(len(c.values))
}

func (c *mapCache) answer(n uint32) mapAnswer {
	if n == 0 {
		return mapAnswer{}
	}
	return mapAnswer{value: c.values[n-1], ok: true}
}
