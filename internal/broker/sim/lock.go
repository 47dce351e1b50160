package sim

import (
	"errors"
	"os"
	"syscall"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// stateLock keeps a second process off a state file. It is held on a file beside it, because the
// state file itself is replaced at each save; the system gives it free when the process ends,
// however it ends.
type stateLock struct{ file *os.File }

// lockState takes the lock of the state file; a fault of kind Conflict when another has it.
func lockState(file string) (*stateLock, error) {
	opened, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The state file %s cannot be used; check its folder and its permissions.", file)
	}
	err = syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &stateLock{opened}, nil
	}
	_ = opened.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fault.Because(err, fault.Conflict, "The state file %s is in use by another simulator; stop that one, or name another file.", file)
	}
	return nil, fault.Because(err, fault.Invalid, "The state file %s cannot be locked: its file system has no locks.", file)
}

// release gives the lock free. A nil lock is fine.
func (l *stateLock) release() {
	if l != nil {
		_ = l.file.Close()
	}
}
