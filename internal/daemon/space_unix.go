//go:build linux || darwin || freebsd

package daemon

import "syscall"

// freeSpace is how many bytes this user may still write at the path; false: not known.
func freeSpace(path string) (int64, bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return 0, false
	}
	return int64(disk.Bavail) * int64(disk.Bsize), true
}
