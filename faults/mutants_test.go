package faults

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is one mistake in the program under test: a piece of source text that is replaced.
type mutant struct {
	name     string
	file     string // in the module
	old, new string
	by       string // scenario that has to notice
	want     string // part of the problem that it reports
}

// mutants break, one at a time, what the scenarios are there to guard. The texts have to be
// found in the sources as they are: a mutant that no longer applies is an error.
func mutants() []mutant {
	const main, read, scan, gens, round = "faults/internal/testbin/main.go", "tail/read.go", "tail/scan.go", "tail/generations.go", "tail/round.go"
	return []mutant{
		{"one line of many dropped", main, "	c.n++\n", "	if c.n++; c.n == 777 {\n		return\n	}\n", "steady", "lost 1, twice 0"},
		{"one line of many counted twice", main, "	c.n++\n", "	if c.n++; c.n == 777 {\n		c.Lines[string(backend)+\" \"+string(code)]++\n	}\n", "steady", "lost 0, twice 1"},
		{"counters start at 0 after a restart", main, `json.Unmarshal(snap.Sections["counts"], s.c)`, `json.Unmarshal(snap.Sections["counts"], &counts{})`, "restart_term", "lost"},
		{"positions are not restored", main, `opt.Restore = snap.Sections["position"]`, `_ = snap.Sections["position"]`, "restart_term", "twice"},
		{"served while the backlog is read", main, "	if caughtUp {\n", "	if caughtUp || !caughtUp {\n", "first_scrape", "before the backlog was read"},
		{"served before it is saved", main, "	return body, caughtUp, s.st.SaveWithin(ctx, &state.Snapshot{Sections: sections})", "	if s.scrapes%50 != 1 {\n		return body, caughtUp, nil\n	}\n	return body, caughtUp, s.st.SaveWithin(ctx, &state.Snapshot{Sections: sections})", "unlinked_then_killed", "lost"},
		{"position and counts of different moments", main, "	s.f.CutStats(func(p []byte, st tail.Stats) {\n", "	var early []byte\n	s.f.Cut(func(p []byte) { early = p })\n	time.Sleep(300 * time.Millisecond)\n	s.f.CutStats(func(p []byte, st tail.Stats) {\n		p = early\n", "restart_kill", "twice"},
		{"bytes before the position not compared", read, "if n < over || !bytes.Equal(f.buf[:over], g.tail) {", "if n < over {", "trunc_regrow", "lost"},
		{"a generation is known by its inode", "tail/gen.go", "	n := min(int64(len(g.head)), size-g.headAt)\n", "	if file, ok := r.(*os.File); ok && g.known() && size >= g.off {\n		if fi, err := file.Stat(); err == nil && keyOf(fi) == g.key() {\n			return same\n		}\n	}\n	n := min(int64(len(g.head)), size-g.headAt)\n", "inode_reuse", "lost"},
		{"archives ignored", main, "Archives: true", "Archives: false", "restart_gzip", "lost"},
		{"renamed file closed at once", round, "			g.retired, g.via = now, FromRotated\n", "			g.retired, g.via = now, FromRotated\n			g.file.Close()\n			g.file, g.open = nil, false\n", "moved_to_olddir", "lost"},
		{"directory not searched", scan, "	sibs, complete := f.siblings()\n", "	var sibs []sibling\n	complete := true\n", "double_0ms", "lost"},
		{"copies not searched", gens, "		g.behind = max(0, g.size-g.off)\n", "		g.behind, g.whole = max(0, g.size-g.off), true\n", "copytruncate_tight", "lost"},
		{"copy taken for a new file", gens, "		f.gens = slices.Insert(f.gens, slices.Index(f.gens, g)+1, n)\n", "		f.gens[slices.Index(f.gens, g)] = n\n", "copytruncate_quiet", "twice"},
		{"NULs in front of lines not skipped", read, "if n := leadingNULs(data); n > 0 {", "if n := leadingNULs(data); n < 0 {", "copytruncate_hole", "lost"},
		{"half lines delivered", read, "	end := bytes.LastIndexByte(data, '\\n') + 1\n", "	end := len(data)\n	if end > 0 && data[end-1] != '\\n' {\n		data[end-1] = '\\n'\n	}\n", "partial", "lost"},
		{"only the name is followed", round, "	for _, name := range names {\n", "	for _, g := range f.gens {\n		if g.users == 0 && g.file != nil {\n			g.file.Close()\n			g.file, g.open, g.whole = nil, false, true\n		}\n	}\n	for _, name := range names {\n", "rename_late", "lost"},
		{"shorter file read from its start", gens, "	case shorter, diverged:\n		f.resume(g, fi.Size(), l)\n		return\n", "	case shorter, diverged:\n", "power_loss_running", "twice"},
		{"shorter file of the last run taken for a new one", round, "} else if l != differs && found == differs {", "} else if false && found == differs {", "power_loss_shorter", "twice"},
		{"the snapshot is not checked", "state/format.go", "if crc32.Checksum(data, table) != x.sum {", "if false && crc32.Checksum(data, table) != x.sum {", "state_damaged", ""},
		{"no lock", "state/disk.go", "	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {", "	if err := error(nil); err != nil {", "second_exporter_refused", "second one"},
	}
}

func TestFaultMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	byName := map[string]Scenario{}
	for _, s := range append(Scenarios(), probes()...) {
		byName[s.Name] = s
	}
	set := current(t)
	for i, m := range mutants() {
		if !set.all && set.only == "" && i%6 != 0 {
			continue // building them all takes longer than the quick tests may
		}
		t.Run(m.name, func(t *testing.T) {
			s, ok := byName[m.by]
			if !ok {
				t.Fatalf("no scenario %q", m.by)
			}
			if why := skip(s); why != "" {
				t.Skip(why)
			}
			t.Parallel()
			r := Run(s, Program{Path: mutate(t, m)}, os.Args[0])
			if p := r.Problem(); p == "" {
				t.Errorf("nobody noticed")
			} else if !strings.Contains(p, m.want) {
				t.Errorf("noticed, but for another reason: %s", p)
			}
		})
	}
}

// TestFaultProbes shows that the scenarios that only mutants are put to are passed without.
func TestFaultProbes(t *testing.T) {
	for name, p := range programs(t) {
		for _, s := range probes() {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				score(t, s, p)
			})
		}
	}
}

// mutate builds the small program with one text replaced.
func mutate(t *testing.T, m mutant) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), m.old); n != 1 {
		t.Fatalf("the text to be replaced is %d times in %s", n, m.file)
	}
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(src), m.old, m.new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return build(t, "./internal/testbin", "-overlay", overlay)
}
