//go:build !linux

package daemon

// forgetPages does nothing where nobody counts the pages of a program's file as its memory.
func forgetPages() {}
