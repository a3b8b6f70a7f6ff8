package faults

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Rename, Remove and the like work on names in the directory of the logs.
func (e *Env) Rename(from, to string) { e.must(os.Rename(e.Path(from), e.Path(to))) }

// Remove removes a file.
func (e *Env) Remove(name string) { e.must(os.Remove(e.Path(name))) }

// Mkdir makes a directory.
func (e *Env) Mkdir(name string) { e.must(os.MkdirAll(e.Path(name), 0o755)) }

// Create makes an empty file.
func (e *Env) Create(name string) {
	f, err := os.OpenFile(e.Path(name), os.O_CREATE|os.O_WRONLY, 0o644)
	e.must(err)
	f.Close()
}

// Exists reports whether a name exists.
func (e *Env) Exists(name string) bool {
	_, err := os.Lstat(e.Path(name))
	return err == nil
}

// Copy copies a file as copytruncate does: read, then write, in pieces.
func (e *Env) Copy(from, to string) {
	in, err := os.Open(e.Path(from))
	e.must(err)
	defer in.Close()
	out, err := os.Create(e.Path(to))
	e.must(err)
	defer out.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 8192))
	e.must(err)
}

// Truncate cuts a file.
func (e *Env) Truncate(name string, size int64) { e.must(os.Truncate(e.Path(name), size)) }

// Size is a file's length in bytes.
func (e *Env) Size(name string) int64 {
	fi, err := os.Stat(e.Path(name))
	e.must(err)
	return fi.Size()
}

// Shift renames NAME.n to NAME.n+1 and so on, compressed ones too, and NAME to NAME.1.
func (e *Env) Shift(name string) {
	for i := 30; i > 0; i-- {
		for _, ext := range []string{"", ".gz", ".zst", ".xz"} {
			from := fmt.Sprintf("%s.%d%s", name, i, ext)
			if e.Exists(from) {
				e.Rename(from, fmt.Sprintf("%s.%d%s", name, i+1, ext))
			}
		}
	}
	e.Rename(name, name+".1")
}

// Compress runs gzip, zstd or xz, which replace the file.
func (e *Env) Compress(tool, name string) {
	args := []string{"-q", e.Path(name)}
	if tool == "zstd" {
		args = append(args, "--rm")
	}
	e.exec(tool, args...)
}

func (e *Env) exec(name string, args ...string) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		e.failf("%s: %v\n%s", name, err, out)
	}
}

// Logrotate runs the real one by force with the given directives for the followed log.
func (e *Env) Logrotate(directives string) {
	conf := filepath.Join(filepath.Dir(e.Dir), "logrotate.conf")
	// It refuses a file that others could have written.
	e.must(os.WriteFile(conf, []byte(e.Log+" {\n"+directives+"\n}\n"), 0o644))
	e.exec("logrotate", "-f", "-s", conf+".state", conf)
}
