package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/parser"
	"haproxy_log_exporter/syslog"
)

// sources checks that every source can be read by the user that runs check.
func (c *checker) sources(p *plan) {
	c.title("Sources")
	for _, s := range p.sources {
		for _, f := range s.formats {
			c.ok("%s: format %s", s.name, f.Name)
		}
		if syslog.IsURL(s.name) {
			c.ok("%s: lines are received", s.name)
			continue
		}
		paths, err := filepath.Glob(s.name)
		switch {
		case err != nil:
			c.problem("%s: %s", s.name, err)
		case len(paths) == 0:
			if err := unreadable(s.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.problem("%s", err)
			} else {
				c.note("%s does not exist yet: serve waits for it", s.name)
			}
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				c.problem("%s is a directory: name the log file, or a glob of files such as %s", path, filepath.Join(path, "haproxy.log"))
			} else if err := unreadable(path); err != nil {
				c.problem("%s", err)
			} else {
				c.ok("%s can be read", path)
			}
		}
	}
}

// unreadable returns why a file cannot be read by this process, naming the first path that stands
// in the way and the group that may pass; nil when it can.
func unreadable(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	dir := "/"
	for _, part := range strings.Split(strings.TrimPrefix(filepath.Dir(abs), "/"), "/") {
		dir = filepath.Join(dir, part)
		if err := unix.Access(dir, unix.X_OK); err != nil {
			return denied(dir, "entered", err)
		}
	}
	if err := unix.Access(abs, unix.R_OK); err != nil {
		return denied(abs, "read", err)
	}
	return nil
}

// denied words a failed access with what would allow it.
func denied(path, verb string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s cannot be %s: %w", path, verb, err)
	}
	me := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(me); err == nil {
		me = u.Username
	}
	info, statErr := os.Stat(path)
	if statErr != nil {
		return fmt.Errorf("%s cannot be %s by user %s: %w", path, verb, me, err)
	}
	owner, group := owners(info)
	hint := fmt.Sprintf("give the group %s the right: chmod g+rx %s", group, path)
	switch {
	case verb == "written":
		hint = fmt.Sprintf("chown %s %s (with systemd: StateDirectory=haproxy_log_exporter)", me, path)
	case group == "root": // nobody should be added to it
		hint = fmt.Sprintf("give it to a group for logs: chgrp adm %s, and chmod g+rx for folders (rsyslog: $FileGroup adm; logrotate: create 0640 root adm)", path)
	case info.Mode().Perm()&0o040 != 0:
		hint = fmt.Sprintf("add the user to the group %s: usermod -aG %s %s (with systemd: SupplementaryGroups=%s)", group, group, me, group)
	}
	return fmt.Errorf("%s cannot be %s by user %s: it belongs to %s:%s with mode %s\nhint: %s", path, verb, me, owner, group, info.Mode().Perm(), hint)
}

func owners(info fs.FileInfo) (owner, group string) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "?", "?"
	}
	owner, group = strconv.Itoa(int(st.Uid)), strconv.Itoa(int(st.Gid))
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group
}

// socketProblem words a failed socket; for a file that is there it names the group that may use it.
func socketProblem(address string, err error) string {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok && strings.HasPrefix(address, "/") {
		path, ok = address, true
	}
	text := fmt.Sprintf("%v", err)
	if !ok || !errors.Is(err, fs.ErrPermission) {
		return text
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if unix.Access(dir, unix.X_OK) != nil {
			return text + "\n" + denied(dir, "entered", fs.ErrPermission).Error()
		}
		if dir == "/" || dir == "." {
			break
		}
	}
	if info, statErr := os.Stat(path); statErr == nil {
		owner, group := owners(info)
		return fmt.Sprintf("%s\n%s belongs to %s:%s with mode %s\nhint: a socket of its own: stats socket %s mode 660 group %s level user, and the exporter's user in that group", text, path, owner, group, info.Mode().Perm(), path, group)
	}
	return text
}

// state checks the state directory.
func (c *checker) state(p *plan) {
	c.title("State")
	dir := p.stateDir
	if dir == "" {
		c.note("no --state.dir: after a restart counters begin at 0, and lines written meanwhile are not counted")
		return
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(dir)
		if err := unix.Access(parent, unix.W_OK|unix.X_OK); err != nil {
			c.problem("%s does not exist and cannot be made: %s", dir, denied(parent, "written", err))
			return
		}
		c.ok("%s will be made", dir)
	case err != nil:
		c.problem("%s", err)
	case !info.IsDir():
		c.problem("%s is no directory", dir)
	case unix.Access(dir, unix.W_OK|unix.X_OK) != nil:
		c.problem("%s", denied(dir, "written", fs.ErrPermission))
	default:
		c.ok("%s can be written", dir)
	}
}

// maxShown is how many refused lines of each kind check explains.
const maxShown = 3

// samples reads logs with the configured formats and reports how much of them is understood.
func (c *checker) samples(ctx context.Context, o Options, logs []string, std Streams) error {
	c.title("Sample logs")
	p, err := planOf(o, logs, true)
	if err != nil {
		return err
	}
	in, err := p.newIngest(0, p.newShard(0))
	if err != nil {
		return err
	}
	var counts [parser.NumResults]uint64
	routed, total := uint64(0), uint64(0)
	in.each = func(rec *parser.Record, res parser.Result) {
		counts[res]++
		total++
		if res == parser.ResultHTTP && len(p.schemas[0].Names()) > 0 {
			if x := p.schemas[0].Explain(rec, nil); slices.ContainsFunc(x.Rules, fits) {
				routed++
			}
		}
	}
	for _, l := range logs {
		if err := readJob(ctx, in, job{path: l}, newProgress(io.Discard, 0), std.In); err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
	}
	understood := total
	for r, n := range counts {
		if n == 0 {
			continue
		}
		if parser.Result(r).Refused() {
			understood -= n
		}
		fmt.Fprintf(c.out, "  %10d %s\n", n, parser.Result(r))
	}
	if total == 0 {
		c.problem("the sample logs hold no lines")
		return nil
	}
	fmt.Fprintf(c.out, "  %.2f %% of %d lines are understood\n", 100*float64(understood)/float64(total), total)
	if n := counts[parser.ResultHTTP]; n > 0 && len(p.schemas[0].Names()) > 0 {
		fmt.Fprintf(c.out, "  %.2f %% of %d requests fit a template\n", 100*float64(routed)/float64(n), n)
	}
	c.refused(in)
	return nil
}

// refused explains a few of the refused lines: the first field that differs, drawn under the line.
func (c *checker) refused(in *ingest) {
	for r, lines := range in.samples.text {
		for i, l := range lines {
			if i == maxShown {
				break
			}
			ex := in.reader.Explain([]byte(l))
			if ex.Problem == nil {
				c.problem("%s: %s", parser.Result(r), l)
				continue
			}
			c.problem("%s (nearest format: %s)\n%s", parser.Result(r), ex.Format, diag.List{*ex.Problem}.Error())
		}
	}
}

func fits(r labels.RuleStep) bool { return r.Fits }
