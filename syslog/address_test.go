package syslog

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestSocketFiles(t *testing.T) {
	path := socketPath(t)
	listen := func(url string) error {
		r, err := Listen(url, Options{}, &lines{})
		if err == nil {
			r.Close()
		}
		return err
	}
	for _, scheme := range []string{"unix", "unixgram"} {
		r, err := Listen(scheme+"://"+path+"?mode=0606", Options{}, &lines{})
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o606 {
			t.Errorf("%v, %v", st.Mode(), err)
		}
		for _, other := range []string{"unix", "unixgram"} {
			if err := listen(other + "://" + path); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s over a live %s: %v", other, scheme, err)
			}
		}
		r.Close()
		if _, err := os.Lstat(path); err == nil {
			t.Error("still there")
		}
		// A socket that nobody listens on, as a killed process leaves it.
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
			t.Fatal(err)
		}
		_ = syscall.Close(fd)
		if err := listen(scheme + "://" + path); err != nil && scheme == "unix" {
			t.Errorf("%s over a stale socket: %v", scheme, err)
		}
		_ = os.Remove(path)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := listen("unix://" + path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("over a file: %v", err)
	}
	if err := listen("fifo://" + path); err == nil || !strings.Contains(err.Error(), "no named pipe") {
		t.Errorf("fifo over a file: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Error("the file was touched")
	}
}

// A successor that took the path over keeps its socket.
func TestSuccessorKeepsItsSocket(t *testing.T) {
	path := socketPath(t)
	r, stop := start(t, "unixgram://"+path, Options{}, &lines{})
	_ = r
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	next, _ := start(t, "unixgram://"+path, Options{}, &lines{})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, next).Write([]byte("x")); err != nil {
		t.Error(err)
	}
}

func TestBadURLs(t *testing.T) {
	for url, want := range map[string]string{
		"udp://127.0.0.1":                      "no port",
		"udp://5140":                           "no port",
		"tcp://127.0.0.1:99999":                "99999",
		"tcp://127.0.0.1:80/x":                 "behind the port",
		"http://x":                             "unknown scheme",
		"unix://run/x.sock":                    "three slashes",
		"unix:":                                "no path",
		"unix:///x?mode=9":                     "octal",
		"unix:///x?color=red":                  "color",
		"unix:///x?group=no-such-group-at-all": "no-such-group",
		"unix:///" + strings.Repeat("x", 120):  "107",
		"unixgram:///no/such/directory/x.sock": "no such file",
		"udp://[::1":                           "use udp://",
		"udp://256.256.256.256:1":              "256",
		"unix:///proc/x.sock":                  "/proc",
	} {
		r, err := Listen(url, Options{}, &lines{})
		if err == nil {
			r.Close()
			t.Errorf("%s: accepted", url)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", url, err, want)
		}
	}
	for text, want := range map[string]bool{"-": true, "udp://x": true, "unixgram:///x": true, "/var/log/haproxy.log": false, "x:y": false, "fifo:///x": true} {
		if IsURL(text) != want {
			t.Errorf("IsURL(%q) = %v", text, !want)
		}
	}
}

func TestInput(t *testing.T) {
	for _, c := range []struct {
		send string
		want []string
	}{
		{"a\nb\n", []string{"a", "b"}},
		{"a\nlast without its end", []string{"a", "last without its end"}},
		{"6 <134>a6 <134>b", []string{"<134>a", "<134>b"}},
		{"12", []string{"12"}},
		{"", nil},
	} {
		sink := &lines{}
		r, err := Listen("-", Options{}, sink)
		if err != nil {
			t.Fatal(err)
		}
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.input = in
		if _, err := io.WriteString(out, c.send); err != nil {
			t.Fatal(err)
		}
		_ = out.Close()
		if err := r.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		if got := sink.all(); !slices.Equal(got, c.want) || !r.Stats().Ended {
			t.Errorf("%q: got %q", c.send, got)
		}
	}
}

func TestInputEndsWithTheContext(t *testing.T) {
	r, err := Listen("-", Options{}, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = in.Close(), out.Close() }()
	r.input = in
	stop := run(t, r)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestFIFO(t *testing.T) {
	path := socketPath(t)
	sink := &lines{}
	_, stop := start(t, "fifo://"+path+"?mode=0600", Options{}, sink)
	for i := range 3 { // a writer that ends is not the end of the input
		if err := os.WriteFile(path, fmt.Appendf(nil, "writer %d\n", i), 0); err != nil {
			t.Fatal(err)
		}
		wait(t, "the line", func() bool { return len(sink.all()) == i+1 })
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
