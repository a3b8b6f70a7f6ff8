package child

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(Options{Path: "sh", Args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func waitOutput(t *testing.T, p *Process, text string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(p.Output(), text); {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in %q", text, p.Output())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestStopIsPoliteFirst(t *testing.T) {
	p := start(t, `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
	waitOutput(t, p, "ready")
	if err := p.Stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.Err() != nil || !strings.Contains(p.Output(), "bye") {
		t.Errorf("err %v, output %q", p.Err(), p.Output())
	}
	if err := p.Stop(time.Second); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

func TestStopKillsTheGroupAfterGrace(t *testing.T) {
	p := start(t, `trap '' TERM; sleep 300 & echo "grandchild $!"; while :; do sleep 0.01; done`)
	waitOutput(t, p, "grandchild")
	begin := time.Now()
	if err := p.Stop(50 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d > 4*time.Second {
		t.Errorf("stop took %v: the grandchild kept the output open", d)
	}
	if err := syscall.Kill(-p.Pid, 0); err == nil {
		// Zombies of the group may remain until init reaps them; a living one must not.
		for deadline := time.Now().Add(5 * time.Second); syscall.Kill(-p.Pid, 0) == nil; {
			if time.Now().After(deadline) {
				t.Fatal("the process group is still there")
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func TestExitIsReported(t *testing.T) {
	p := start(t, "exit 3")
	<-p.Done()
	if p.Err() == nil || p.Running() {
		t.Errorf("err %v, running %v", p.Err(), p.Running())
	}
	if _, err := Start(Options{Path: "/does/not/exist"}); err == nil {
		t.Error("a missing program started")
	}
}
