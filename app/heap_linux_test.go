package app

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// TestPrepareHeap: what is allocated afterwards stands where huge pages were asked for, and the collector is as before. It
// wants a process of its own, whose heap is new.
func TestPrepareHeap(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip("this kernel has no huge pages: " + err.Error())
	}
	const fresh = "TEST_PREPARE_HEAP"
	if os.Getenv(fresh) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPrepareHeap$")
		cmd.Env = append(os.Environ(), fresh+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	const percent = 77
	debug.SetGCPercent(percent)
	defer prepareHeap()()
	if got := debug.SetGCPercent(percent); got != percent {
		t.Errorf("the collector runs at %d %%, not at %d", got, percent)
	}
	// Larger than any gap that the collector may have left in the small heap before, and begun in one at most.
	series := make([]byte, hugeHeap/2)
	if flags := mappingOf(t, unsafe.Pointer(&series[len(series)/2])); !strings.Contains(flags, " hg") {
		t.Errorf("new memory is not to be in huge pages: %s", flags)
	}
}

// mappingOf returns the flags of the mapping that p points into, see proc(5).
func mappingOf(t *testing.T, p unsafe.Pointer) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	at, here := uint64(uintptr(p)), false
	for l := range strings.Lines(string(maps)) {
		first, _, _ := strings.Cut(l, " ")
		if a, b, ok := strings.Cut(first, "-"); ok {
			from, err1 := strconv.ParseUint(a, 16, 64)
			to, err2 := strconv.ParseUint(b, 16, 64)
			here = err1 == nil && err2 == nil && from <= at && at < to
		} else if flags, ok := strings.CutPrefix(l, "VmFlags:"); ok && here {
			return flags
		}
	}
	t.Fatalf("%x is nowhere", at)
	return ""
}
