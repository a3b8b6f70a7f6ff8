package tail

import "testing"

func TestSiblingNames(t *testing.T) {
	for _, c := range []struct {
		base, entry string
		want        siblingKind
	}{
		{"haproxy.log", "haproxy.log.1", rotated},
		{"haproxy.log", "haproxy.log.12.gz", rotated},
		{"haproxy.log", "haproxy.log-20261121", rotated},
		{"haproxy.log", "haproxy.log-20261121-1795", rotated},
		{"haproxy.log", "haproxy.log-2026-11-21_06:00:00.zst", rotated},
		{"haproxy.log", "haproxy.log.2026-11-21T06.xz", rotated},
		{"haproxy.log", "haproxy.log.old", rotated},
		{"haproxy.log", "haproxy.log.bak.1", rotated},
		{"haproxy.log", "haproxy-20261121.log", rotated},
		{"haproxy.log", "haproxy.1.log", rotated},
		{"haproxy.log", "haproxy-20261121.log.gz", rotated},
		{"haproxy", "haproxy.1", rotated},
		{"haproxy.log", "haproxy.log-errors", relative},
		{"haproxy.log", "haproxy.log.json", relative},
		{"haproxy.log", "haproxy.log~", relative},
		{"haproxy.log", "haproxy.old", relative},
		{"haproxy.log", "haproxy-errors.log", relative},
		{"haproxy.log", "haproxy.log", stranger},
		{"haproxy.log", "haproxy.logs", stranger},
		{"haproxy.log", "haproxy.log1", stranger},
		{"haproxy.log", "haproxy2.log", stranger},
		{"haproxy.log", "haproxy.log.1.tmp", stranger},
		{"haproxy.log", "other.log.1", stranger},
		{".log", "x.log", stranger},
	} {
		if got := newNamer().kind(c.base, c.entry); got != c.want {
			t.Errorf("%s beside %s is %d, want %d", c.entry, c.base, got, c.want)
		}
	}
}
