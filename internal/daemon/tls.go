package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// encryption is TLS as the program speaks it itself; nil where a proxy does, or nobody.
type encryption struct {
	config    *tls.Config
	manager   *autocert.Manager // nil without ACME
	domains   []string
	challenge net.Listener // for HTTP-01; nil without TLS_ACME_HTTP_BIND
	publicURL string
	log       *slog.Logger
}

// Bounds of HTTP/2, which browsers speak by TLS alone.
const (
	mostHTTP2Streams  = 128 // of one connection at once
	http2Buffer       = 1 << 20
	http2PingAfter    = 30 * time.Second
	http2PingPatience = 15 * time.Second
)

// newEncryption reads the certificate, or prepares to get one. It refuses in one sentence what
// cannot work, before anything else is touched.
func newEncryption(cfg config.Config, log *slog.Logger) (*encryption, error) {
	e := &encryption{publicURL: cfg.PublicURL, log: log}
	switch {
	case cfg.TLS.Files():
		files, err := openCertificateFiles(cfg.TLS.CertFile, cfg.TLS.KeyFile, log)
		if err != nil {
			return nil, err
		}
		e.config = &tls.Config{GetCertificate: files.get}
	case cfg.TLS.ACME():
		if err := e.prepareACME(cfg.TLS); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	e.config.MinVersion, e.config.CipherSuites = tls.VersionTLS12, suites
	return e, nil
}

// suites are those of TLS 1.2 with forward secrecy and authenticated encryption; TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// prepareACME opens the folder and the address for challenges; certificates are asked for later.
func (e *encryption) prepareACME(settings config.TLS) (err error) {
	if err := ownFolder(settings.Cache); err != nil {
		return err
	}
	e.domains = settings.Domains
	e.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(settings.Cache), Email: settings.Email,
		HostPolicy: autocert.HostWhitelist(settings.Domains...),
		Client:     &acme.Client{DirectoryURL: settings.Directory, UserAgent: "alpaca-trader", HTTPClient: authorityClient()},
	}
	e.config = e.manager.TLSConfig()
	if settings.HTTPBind != "" {
		e.challenge, err = listen(settings.HTTPBind, "TLS_ACME_HTTP_BIND")
	}
	return err
}

// authorityClient asks the authority that the operator named and is led to no other.
func authorityClient() *http.Client {
	return &http.Client{
		Timeout:       authorityPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const authorityPatience = 30 * time.Second // of one request

// ownFolder makes the folder, or refuses one that others can enter: it holds private keys.
func ownFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return fault.Because(err, fault.Invalid, "The folder TLS_ACME_CACHE %s cannot be made: %s.", folder, path.Err)
		}
		return err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return fault.Because(err, fault.Invalid, "The folder TLS_ACME_CACHE %s cannot be read.", folder)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fault.New(fault.Invalid, "Others can enter the folder TLS_ACME_CACHE %s (mode %04o), which holds private keys; run `chmod 700 %s`.", folder, info.Mode().Perm(), folder)
	}
	return nil
}

// apply makes the server speak TLS, with HTTP/2 within bounds.
func (e *encryption) apply(server *http.Server) {
	if e == nil {
		return
	}
	server.TLSConfig = e.config
	server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: mostHTTP2Streams, MaxReceiveBufferPerConnection: http2Buffer, MaxReceiveBufferPerStream: http2Buffer,
		SendPingTimeout: http2PingAfter, PingTimeout: http2PingPatience,
	}
}

// start answers challenges and asks for the certificates, so that the first browser need not wait
// and the log says at once whether it works. The end of the returned function is that of both.
func (e *encryption) start(ctx context.Context) (stop func()) {
	if e == nil || e.manager == nil {
		return func() {}
	}
	go e.prefetch(ctx)
	if e.challenge == nil {
		return func() {}
	}
	server := &http.Server{
		Handler: e.manager.HTTPHandler(http.HandlerFunc(e.redirect)), ErrorLog: slog.NewLogLogger(e.log.Handler(), slog.LevelDebug),
		ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(e.challenge)
	}()
	return func() {
		_ = server.Close()
		<-ended
	}
}

// close lets go of the address for challenges, of an encryption that was not started.
func (e *encryption) close() {
	if e != nil && e.challenge != nil {
		_ = e.challenge.Close()
	}
}

// redirect sends a browser to where it is served by TLS, whatever host name it gave. A program is
// refused: led on, it would not learn that it sends its token in plain.
func (e *encryption) redirect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, "Use "+e.publicURL+".", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, e.publicURL+r.URL.RequestURI(), http.StatusPermanentRedirect)
}

// prefetch asks as a browser of today would. The authority is not asked in vain again: what fails
// is tried again when a browser comes.
func (e *encryption) prefetch(ctx context.Context) {
	for _, domain := range e.domains {
		if ctx.Err() != nil {
			return
		}
		pair, err := e.manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		})
		if err != nil {
			e.log.Error("the authority gave no TLS certificate; it is asked again when a browser comes", "domain", domain, "reason", err)
			continue
		}
		e.log.Info("TLS certificate ready", "domain", domain, "valid_until", pair.Leaf.NotAfter)
	}
}
