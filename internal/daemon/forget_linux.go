package daemon

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetPages lets go of the program's own pages, of which starting has touched most: what is used
// from then on comes back, without a disk, from the system's cache. Only mappings are let go of that
// the file has whole, so nothing can be lost; what the system refuses stays.
func forgetPages() {
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }() // it was only read
	path, err := os.Executable()
	if err != nil {
		return
	}
	for _, whole := range fileMappings(file, path) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, whole.start, whole.end-whole.start, syscall.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// fileMappings reads proc(5)'s smaps and returns the mappings of the file that cannot be written and
// hold no page that differs from it.
func fileMappings(smaps io.Reader, path string) (whole []mapping) {
	var candidate *mapping
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			candidate = mappingOf(fields, path)
		case candidate != nil && len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0":
			whole = append(whole, *candidate)
		}
	}
	return whole
}

// mappingOf reads "START-END PERMISSIONS OFFSET DEVICE INODE PATH"; nil when it is of another file, or
// may be written.
func mappingOf(fields []string, path string) *mapping {
	if len(fields) != 6 || fields[5] != path || strings.Contains(fields[1], "w") {
		return nil
	}
	from, to, _ := strings.Cut(fields[0], "-")
	start, err := strconv.ParseUint(from, 16, strconv.IntSize)
	if err != nil {
		return nil
	}
	end, err := strconv.ParseUint(to, 16, strconv.IntSize)
	if err != nil {
		return nil
	}
	return &mapping{uintptr(start), uintptr(end)}
}
