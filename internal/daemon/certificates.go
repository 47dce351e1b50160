package daemon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// certificateFiles is a certificate that follows its two files. Each handshake looks at them (two
// stats), so whoever replaces them need not tell the program; connections that are open stay.
type certificateFiles struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	present *tls.Certificate
	seen    [2]fileMark // what the files were when they were read last, whether they could be used or not
}

// fileMark changes when a file is written or replaced.
type fileMark struct {
	info     fs.FileInfo // nil when there is none
	modified time.Time
	size     int64
}

func markOf(file string) fileMark {
	info, err := os.Stat(file)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info, info.ModTime(), info.Size()}
}

func (m fileMark) same(other fileMark) bool {
	if m.info == nil || other.info == nil {
		return m.info == nil && other.info == nil
	}
	return os.SameFile(m.info, other.info) && m.modified.Equal(other.modified) && m.size == other.size
}

// openCertificateFiles refuses, in one sentence, files that cannot be used.
func openCertificateFiles(certFile, keyFile string, log *slog.Logger) (*certificateFiles, error) {
	files := &certificateFiles{certFile: certFile, keyFile: keyFile, log: log}
	files.seen = files.marks()
	pair, err := files.load()
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "TLS_CERT_FILE %s and TLS_KEY_FILE %s cannot be used: %s.", certFile, keyFile, plainReason(err))
	}
	files.present = pair
	return files, nil
}

func (c *certificateFiles) marks() [2]fileMark {
	return [2]fileMark{markOf(c.certFile), markOf(c.keyFile)}
}

// load reads a pair that belongs together; the error does not show what the files hold.
func (c *certificateFiles) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return &pair, nil
}

// plainReason is why a pair cannot be used: the system's word for a file, the library's for what is in it.
func plainReason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Sprintf("%s: %s", path.Path, path.Err)
	}
	return errors.Unwrap(err).Error()
}

// get is tls.Config.GetCertificate. A pair that cannot be used, such as one of which only one file
// is written yet, is said once and changes nothing.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	marks := c.marks()
	if marks[0].same(c.seen[0]) && marks[1].same(c.seen[1]) {
		return c.present, nil
	}
	c.seen = marks
	pair, err := c.load()
	if err != nil {
		c.log.Error("the changed TLS certificate cannot be used; the earlier one stays", "certificate", c.certFile, "key", c.keyFile, "reason", plainReason(err))
		return c.present, nil
	}
	c.present = pair
	c.log.Info("TLS certificate read anew", "certificate", c.certFile, "valid_until", pair.Leaf.NotAfter)
	return c.present, nil
}
