package app

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages where the system leaves that to programs (transparent_hugepage: madvise). Without them all
// goes on as before.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
