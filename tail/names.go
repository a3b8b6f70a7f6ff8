package tail

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// siblingKind says what a name in the directory can be to a followed name.
type siblingKind uint8

const (
	stranger siblingKind = iota
	// relative: its name begins like the followed one, with or without the extension. It is
	// read only when its content is known: haproxy.log-errors is somebody else's log.
	relative
	// rotated: its name is one that rotation gives. Unknown content is a generation that was
	// never seen under the followed name.
	rotated
)

// rotatedSuffix is what rotation appends to a name: numbers, dates and times, .old and the
// like, repeated, and a compression's suffix. rotatedInfix is what it puts in front of the
// extension (logrotate's extension directive, or a dated name with the extension kept).
func rotatedSuffix() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[.\-_](?:\d[\d.\-_T:Z]*|old|bak|prev|orig|copy|rotated))+(?:\.(?:gz|zst|xz))?$`)
}

func rotatedInfix() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[.\-_](?:\d[\d.\-_T:Z]*|old|bak|prev|orig|copy|rotated))+$`)
}

// namer decides about names; it holds the compiled patterns.
type namer struct {
	suffix, infix *regexp.Regexp
}

func newNamer() namer { return namer{rotatedSuffix(), rotatedInfix()} }

// kind compares a directory entry with the base name that is followed.
func (n namer) kind(base, entry string) siblingKind {
	if entry == base || temporary(entry) {
		return stranger
	}
	if rest, ok := strings.CutPrefix(entry, base); ok {
		if n.suffix.MatchString(rest) {
			return rotated
		}
		if strings.ContainsAny(rest[:1], ".-_~") {
			return relative
		}
		return stranger
	}
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	rest, ok := strings.CutPrefix(entry, stem)
	if !ok || stem == "" || ext == "" {
		return stranger
	}
	plain := strings.TrimSuffix(rest, archiveExt(rest))
	if infix, ok := strings.CutSuffix(plain, ext); ok && n.infix.MatchString(infix) {
		return rotated
	}
	if rest != "" && strings.ContainsAny(rest[:1], ".-_~") {
		return relative
	}
	return stranger
}

// temporary names are files that somebody is still writing under another name.
func temporary(name string) bool {
	return strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".part")
}

// archiveExt returns the suffix of a compressed file, "" for others.
func archiveExt(name string) string {
	switch ext := filepath.Ext(name); ext {
	case ".gz", ".zst", ".xz":
		return ext
	}
	return ""
}

// expand returns the names to follow: the path itself, or what the glob matches without what
// is a rotated or compressed form of another match.
func (f *Follower) expand() ([]string, error) {
	if !f.glob {
		return []string{f.opt.Path}, nil
	}
	matches, err := filepath.Glob(f.opt.Path)
	if err != nil {
		return nil, err
	}
	// Glob hides errors: tell an empty directory from one that cannot be read.
	if len(matches) == 0 {
		dir := filepath.Dir(f.opt.Path)
		if !strings.ContainsAny(dir, "*?[") {
			if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	var names []string
	for _, m := range matches {
		if archiveExt(m) == "" && !temporary(m) && !f.isRotatedOf(m, matches) {
			names = append(names, m)
		}
	}
	return names, nil
}

func (f *Follower) isRotatedOf(name string, all []string) bool {
	for _, other := range all {
		if filepath.Dir(other) == filepath.Dir(name) && f.namer.kind(filepath.Base(other), filepath.Base(name)) == rotated {
			return true
		}
	}
	return false
}

// place is a directory to search and the base name whose siblings are looked for.
type place struct{ dir, base string }

// places returns where siblings of the followed names can be: beside the name, beside what
// a symbolic link points to, and in the configured other directories.
func (f *Follower) places() []place {
	seen := map[place]bool{}
	var out []place
	add := func(p place) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, p := range f.paths {
		bases := []string{p.name}
		if real, err := filepath.EvalSymlinks(p.name); err == nil && real != p.name {
			bases = append(bases, real)
		}
		for _, b := range bases {
			add(place{filepath.Dir(b), filepath.Base(b)})
			for _, dir := range f.opt.OldDirs {
				if !filepath.IsAbs(dir) {
					dir = filepath.Join(filepath.Dir(b), dir)
				}
				add(place{dir, filepath.Base(b)})
			}
		}
	}
	return out
}
