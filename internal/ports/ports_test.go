package ports

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
)

// TestHandedOutOnce asks for many ports at a time.
func TestHandedOutOnce(t *testing.T) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[int]bool{}
	for range 4 {
		wg.Go(func() {
			for range 250 {
				p, err := Take()
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(p.Release)
				mu.Lock()
				if seen[p.Number] {
					t.Errorf("port %d was handed out twice", p.Number)
				}
				seen[p.Number] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestNotTheKernels wants no port that the kernel may give to a connection while the program that is to listen on it
// starts, or starts again.
func TestNotTheKernels(t *testing.T) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("no Linux: ", err)
	}
	var low, high int
	if _, err := fmt.Sscan(string(b), &low, &high); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		p, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
		if p.Number >= low && p.Number <= high {
			t.Fatalf("port %d is one of %d to %d, which the kernel gives to connections: tests that start programs will fail now and then", p.Number, low, high)
		}
	}
}

func TestWantedPort(t *testing.T) {
	first, err := Take()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Take(first.Number)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Release()
	if second.Number == first.Number {
		t.Error("a port that is taken was handed out")
	}
	first.Release()
	third, err := Take(first.Number)
	if err != nil {
		t.Fatal(err)
	}
	if third.Number != first.Number {
		t.Errorf("port %d is free again, got %d", first.Number, third.Number)
	}
	third.Release()
	u, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: first.Number})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	fourth, err := Take(first.Number)
	if err != nil {
		t.Fatal(err)
	}
	defer fourth.Release()
	if fourth.Number == first.Number {
		t.Error("a port with a UDP listener was handed out")
	}
}
