package labels

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"testing"

	"haproxy_log_exporter/internal/guard"
)

// randomText returns n random bytes with keySlack other ones behind them.
func randomText(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n+keySlack)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func TestHashKeyCoversEveryByte(t *testing.T) {
	if !probes() {
		t.Skip("this processor has no instructions for it")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	seed := newKeySeed()
	for n := range 150 {
		for _, m := range []int{0, 7, 63, 64, 65, 100, n} {
			a, b := randomText(rnd, n), randomText(rnd, m)
			hash := func() uint64 { return hashKey(&seed, &a[0], n, &b[0], m, 5) }
			h := hash()
			for i := range a[n:] {
				a[n+i] ^= 0xff
			}
			for i := range b[m:] {
				b[m+i] ^= 0xff
			}
			if hash() != h {
				t.Fatalf("%d and %d bytes: the hash depends on what follows", n, m)
			}
			for _, of := range [][]byte{a[:n], b[:m]} {
				for i := range of {
					of[i] ^= 1
					if hash() == h {
						t.Fatalf("%d and %d bytes: byte %d does not matter", n, m, i)
					}
					of[i] ^= 1
				}
			}
			for k := range seed {
				other := seed
				other[k] ^= 1
				if hashKey(&other, &a[0], n, &b[0], m, 5) == h {
					t.Fatalf("%d and %d bytes: word %d of the seed does not matter", n, m, k)
				}
			}
			if hashKey(&seed, &a[0], n, &b[0], m, 6) == h {
				t.Fatalf("%d and %d bytes: sizes do not matter", n, m)
			}
		}
	}
}

// round is a round of AES without a key: what anybody can compute.
func round(in [16]byte) (out [16]byte) {
	for i := range out {
		col, row := i/4, i%4
		s := func(r int) byte { return sbox(in[(4*((col+r)%4))+r]) }
		out[i] = double(s(row)) ^ double(s((row+1)%4)) ^ s((row+1)%4) ^ s((row+2)%4) ^ s((row+3)%4)
	}
	return out
}

func double(b byte) byte { return b<<1 ^ b>>7*0x1b }

func sbox(b byte) byte {
	inverse := byte(1) // b to the power 254
	for range 254 {
		product, x := byte(0), inverse
		for k := b; k != 0; k >>= 1 {
			if k&1 != 0 {
				product ^= x
			}
			x = double(x)
		}
		inverse = product
	}
	r := bits.RotateLeft8
	return inverse ^ r(inverse, 1) ^ r(inverse, 2) ^ r(inverse, 3) ^ r(inverse, 4) ^ 0x63
}

// TestKeysCannotBeMadeToCollide: a client that changes sixteen bytes, and the sixteen behind them by the difference that
// one round makes of it, gets another hash; so the seed takes part before the first round of either lane.
func TestKeysCannotBeMadeToCollide(t *testing.T) {
	if !probes() {
		t.Skip("this processor has no instructions for it")
	}
	if got := round([16]byte{0xdb, 0, 0, 0, 0, 0x13}); sbox(0x53) != 0xed || got == ([16]byte{}) {
		t.Fatalf("the round of the test is wrong: sbox(53) = %x", sbox(0x53))
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	seed := newKeySeed()
	names := randomText(rnd, 20)
	for range 50 {
		for lane := range 3 {
			a := randomText(rnd, 64)
			b := bytes.Clone(a)
			for i := range 16 {
				b[16*lane+i] = byte(rnd.Uint32())
			}
			x, y := round([16]byte(a[16*lane:])), round([16]byte(b[16*lane:]))
			for i := range x {
				b[16*lane+16+i] ^= x[i] ^ y[i]
			}
			if hashKey(&seed, &names[0], 20, &a[0], 64, 5) == hashKey(&seed, &names[0], 20, &b[0], 64, 5) {
				t.Fatalf("lane %d: two paths that collide under any seed", lane)
			}
		}
	}
}

// TestFindKeyComparesAll gives a slot the hash of a key that differs from the slot's in one thing.
func TestFindKeyComparesAll(t *testing.T) {
	if !probes() {
		t.Skip("this processor has no instructions for it")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	seed := newKeySeed()
	for n := range 65 {
		tab := newKeyTable(4, 100, 2000)
		l := &line{path: randomText(rnd, n), names: randomText(rnd, 130-n)[:130-n], n: n}
		l.sizes = keySizes(n, len(l.names), 7, 7, 1)
		names := append(bytes.Clone(l.names), make([]byte, keySlack)...)
		h := hashKey(&seed, &names[0], len(l.names), &l.path[0], n, l.sizes)
		tab.insert(h, l, nil).entry = 9
		if cap(tab.arena)-len(tab.arena) < keySlack {
			t.Fatalf("%d bytes behind the last key can be read", cap(tab.arena)-len(tab.arena))
		}
		find := func() int {
			return findKey(tab, &seed, &names[0], len(l.names), &l.path[0], n, 1, 9, keySizes(0, len(l.names), 7, 7, 1))
		}
		if got := find(); got != 9 {
			t.Fatalf("%d bytes of path: the key is not found: %d", n, got)
		}
		s := tab.find(h, l)
		for k := range sizeBits - 1 {
			s.mark ^= 1 << k
			if find() >= 0 {
				t.Fatalf("a key with bit %d of its sizes changed is found", k)
			}
			s.mark ^= 1 << k
		}
		for i := range tab.arena {
			tab.arena[i] ^= 4
			if find() >= 0 {
				t.Fatalf("%d bytes of path: a key with another byte %d is found", n, i)
			}
			tab.arena[i] ^= 4
		}
	}
}

// TestFindKeyTakesSegments compares how much of a path decides with a walk over it.
func TestFindKeyTakesSegments(t *testing.T) {
	if !probes() {
		t.Skip("this processor has no instructions for it")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	seed := newKeySeed()
	names := randomText(rnd, 20)
	known, beyond, repeated := 0, 0, 0
	for range 30000 {
		size := 1 + rnd.IntN(90)
		if rnd.IntN(20) == 0 {
			size += 500
		}
		path := append([]byte("/"), bytes.Repeat([]byte("x"), size-1)...)
		for range rnd.IntN(9) {
			path[rnd.IntN(size)] = '/'
		}
		path = append(path, " HTTP/1.1//"+string(make([]byte, keySlack))...)
		slashes := uint64(0)
		for i := range 64 {
			if path[i] == '/' {
				slashes |= 1 << i
			}
		}
		segments := 1 + rnd.IntN(7)
		m, left, twice := size, segments, false
		for i := 1; i < size; i++ {
			if path[i] == '/' {
				twice = twice || path[i-1] == '/'
				if left--; left == 0 {
					m = i
					break
				}
			}
		}
		want := 9
		switch {
		case twice:
			want = unknown
			repeated++
		case m >= 64 && size > 64:
			want = unknown
			beyond++
		default:
			known++
		}
		tab := newKeyTable(4, 100, 2000)
		l := &line{path: path, names: names[:20], n: m, sizes: keySizes(m, 20, 7, 7, 1)}
		tab.insert(hashKey(&seed, &names[0], 20, &path[0], m, l.sizes), l, nil).entry = 9
		if got := findKey(tab, &seed, &names[0], 20, &path[0], size, slashes, segments, keySizes(0, 20, 7, 7, 1)); got != want {
			t.Fatalf("%d segments of %q: %d, want %d", segments, path[:size], got, want)
		}
		if got := findKey(tab, &seed, &names[0], 20, &path[0], size, slashes&^1, segments, keySizes(0, 20, 7, 7, 1)); got != unknown {
			t.Fatalf("%q without its first slash: %d", path[:size], got)
		}
	}
	if known < 5000 || beyond < 500 || repeated < 500 {
		t.Errorf("%d paths were known, %d went too far, %d had repeated slashes", known, beyond, repeated)
	}
}

// TestKeysAtTheEndOfMemory resolves lines that end where memory does.
func TestKeysAtTheEndOfMemory(t *testing.T) {
	mem := guard.Page(t)
	size := len(mem)
	f := newFixture(t, rules("backend", "{a}-{b}"), Limits{})
	line := req{backend: "x-y"}.line()
	for _, behind := range []int{0, keySlack - 1, keySlack} { // readable bytes
		at := size - len(line) - behind
		l := mem[at : at+len(line) : size]
		copy(l, line)
		for range 2 {
			if got := join(f.res.Resolve(f.parse(l)).Route.Values); got != "x,y" {
				t.Errorf("%d bytes behind the line: %s", behind, got)
			}
		}
	}
}

func TestKeySizesOfLongLines(t *testing.T) {
	long := keySizes(maxKey, 1, 0, 0, 0)
	if b := keySizes(1<<16, 3, 1, 1, 0); long != b || long&(1<<sizeOf-1) <= maxKey {
		t.Errorf("sizes %x and %x", long, b)
	}
	for _, s := range []uint64{keySizes(0, 0, 0, 0, 0), keySizes(maxKey, 0, 0, 0, 3), keySizes(0, maxKey, maxKey, maxKey, 3), long} {
		if s == 0 || s>>sizeBits != 0 {
			t.Errorf("sizes %x", s)
		}
	}
}
