package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// SimulatorTLS says how the simulator proves who it is; without any it speaks plain HTTP.
type SimulatorTLS struct {
	Certificate string // PEM file ...
	Key         string // ... and its key's
	SelfSigned  string // file to which the certificate is written that is made for this run
}

const selfSignedFor = 30 * 24 * time.Hour

// wrap puts TLS over the listener, if it is asked for.
func (t SimulatorTLS) wrap(listener net.Listener) (net.Listener, error) {
	var pair tls.Certificate
	var err error
	switch {
	case t == SimulatorTLS{}:
		return listener, nil
	case t.SelfSigned != "" && (t.Certificate != "" || t.Key != ""):
		return nil, fault.New(fault.Invalid, "Use either --tls-self-signed, or --tls-cert with --tls-key.")
	case t.SelfSigned != "":
		pair, err = t.selfSign(listener.Addr())
	case t.Certificate == "" || t.Key == "":
		return nil, fault.New(fault.Invalid, "--tls-cert and --tls-key belong together.")
	default:
		if pair, err = tls.LoadX509KeyPair(t.Certificate, t.Key); err != nil {
			err = fault.Because(err, fault.Invalid, "The certificate %s and the key %s cannot be used: %s.", t.Certificate, t.Key, err)
		}
	}
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	return secureListener{tls.NewListener(listener, settings)}, nil
}

// secureListener is a listener whose addresses are https.
type secureListener struct{ net.Listener }

func (secureListener) Scheme() string { return "https" }

// selfSign makes a certificate for this machine's own names and the address that is listened on.
// Its key never leaves the process.
func (t SimulatorTLS) selfSign(address net.Addr) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	now := clock.System().Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "alpaca-trader simulator"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfSignedFor), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		template.IPAddresses = append(template.IPAddresses, tcp.IP)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(t.SelfSigned, content, 0o644); err != nil { // public: clients read it
		return tls.Certificate{}, fault.Because(err, fault.Invalid, "The certificate cannot be written to %s; check its folder and its permissions.", t.SelfSigned)
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, nil
}
