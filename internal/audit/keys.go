package audit

import (
	"crypto/ed25519"

	"golang.org/x/mod/sumdb/note"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Root derives keys for purposes; secret.Keyring is one.
type Root interface{ Derive(label string) []byte }

// The labels of the keys that the audit log derives. One label, one purpose, for ever.
const (
	chainLabel   = secret.AuditLabel
	signingLabel = "audit checkpoint/v1"
	archiveLabel = "audit archive/v1"
)

// Keys write and check the audit log. They outlive a rotation of the ENCRYPTION_KEY: the root is
// the installation's own key, which a rotation wraps anew.
type Keys struct {
	chain   []byte
	archive []byte
	signer  signer
}

// NewKeys derives the keys from the root.
func NewKeys(root Root) (Keys, error) {
	signing, err := newSigner(ed25519.NewKeyFromSeed(root.Derive(signingLabel)))
	return Keys{root.Derive(chainLabel), root.Derive(archiveLabel), signing}, err
}

// Chain is the key under which entries are written.
func (k Keys) Chain() []byte { return k.chain }

// PublicKey is what anybody needs to check the signatures of checkpoints, in the form of
// golang.org/x/mod/sumdb/note.
func (k Keys) PublicKey() string { return k.signer.public }

// String keeps the keys out of logs.
func (Keys) String() string { return "[redacted]" }

// GoString keeps the keys out of logs.
func (Keys) GoString() string { return "[redacted]" }

// signerName is the name of the key in every signature.
const signerName = "alpaca-trader.audit"

// signer is the note.Signer of a private key.
type signer struct {
	note.Verifier
	private ed25519.PrivateKey
	public  string
}

func newSigner(private ed25519.PrivateKey) (signer, error) {
	public, err := note.NewEd25519VerifierKey(signerName, private.Public().(ed25519.PublicKey))
	if err != nil {
		return signer{}, err
	}
	verifier, err := note.NewVerifier(public)
	return signer{verifier, private, public}, err
}

// Sign signs the text.
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.private, text), nil }
