//go:build linux

package daemon

import (
	"slices"
	"strings"
	"testing"
)

// TestOnlyPagesThatTheFileHasAreLetGo: not what may be written, not what was changed in memory, not
// other files.
func TestOnlyPagesThatTheFileHasAreLetGo(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-01bd0000 r-xp 00000000 fe:00 11452803                           /opt/program
Rss:               17152 kB
Anonymous:             0 kB
THPeligible:           0
01bd0000-03550000 r--p 017d0000 fe:00 11452803                           /opt/program
Anonymous:             4 kB
03550000-03627000 rw-p 03150000 fe:00 11452803                           /opt/program
Anonymous:             0 kB
03627000-05677000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 1                          /opt/program.data
Anonymous:             0 kB
7f0000001000-7f0000002000 r--p 00001000 fe:00 11452803                   /opt/program
Anonymous:             0 kB
`
	want := []mapping{{0x00400000, 0x01bd0000}, {0x7f0000001000, 0x7f0000002000}}
	if got := fileMappings(strings.NewReader(smaps), "/opt/program"); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	forgetPages() // and goes on
}
