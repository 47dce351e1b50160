package auth

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Passkey is a WebAuthn credential of a user (w3.org/TR/webauthn-3). Nothing of it is secret: the
// private key never leaves the authenticator.
type Passkey struct {
	ID           string // UUID, by which the pages name it
	UserID       string
	Name         string // what its user calls it
	CredentialID []byte // chosen by the authenticator, unique among all users
	SignCount    uint32 // as the authenticator last counted; always 0 for those that do not count
	Record       []byte // the credential record, JSON
	CreatedAt    time.Time
	LastUsedAt   time.Time // zero: never
}

// PasskeyPurpose is what a passkey is asked for.
type PasskeyPurpose string

// The purposes.
const (
	ToRegister     PasskeyPurpose = "register"
	ToSignIn       PasskeyPurpose = "sign_in"
	ToSecondFactor PasskeyPurpose = "second_factor" // of a sign-in whose password was right
	ToStepUp       PasskeyPurpose = "step_up"
)

// PasskeyPatience is how long a question for a passkey can be answered.
const PasskeyPatience = 5 * time.Minute

// PasskeyQuestion is what the server keeps of a question until it is answered, which happens once.
type PasskeyQuestion struct {
	Purpose   PasskeyPurpose
	Party     RelyingParty
	State     []byte // holds the challenge
	ExpiresAt time.Time
}

// Challenge names the question: no other one has the same.
func (q PasskeyQuestion) Challenge() []byte {
	sum := sha256.Sum256(q.State)
	return sum[:]
}

// Require returns nil when the question was asked for one of the purposes and can still be
// answered; otherwise a fault of kind Invalid.
func (q PasskeyQuestion) Require(now time.Time, purposes ...PasskeyPurpose) error {
	if !slices.Contains(purposes, q.Purpose) || !now.Before(q.ExpiresAt) {
		return fault.New(fault.Invalid, "This was not asked for, or too long ago. Start again.")
	}
	return nil
}

// PasskeysPerUser is how many passkeys a user can have.
const PasskeysPerUser = 20

// RelyingParty is who passkeys are made for: browsers offer them on the pages of the origin alone.
type RelyingParty struct {
	ID     string // a domain name, such as trader.example.com or localhost; never an IP address
	Origin string // such as https://trader.example.com or http://localhost:5000
}

// ErrPasskey is the same whatever is wrong with what an authenticator or a stranger sent.
var ErrPasskey = fault.New(fault.Unauthenticated, "This passkey was not accepted. Try again, or use another way.")

// BeginRegistration returns what a browser needs to make another passkey of the user
// (PublicKeyCredentialCreationOptionsJSON), and the state that FinishRegistration needs. The state
// stays on the server and is used once.
func (r RelyingParty) BeginRegistration(user User, existing []Passkey) (options, state []byte, err error) {
	party, holder, err := r.with(user, existing)
	if err != nil {
		return nil, nil, err
	}
	creation, session, err := party.BeginRegistration(holder,
		webauthn.WithExclusions(webauthn.Credentials(holder.credentials).CredentialDescriptors()),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("begin passkey registration: %w", err)
	}
	return encode(creation.Response, session)
}

// FinishRegistration checks the browser's answer (RegistrationResponseJSON) and returns the new
// passkey without id, name and times. A fault of kind Invalid when it does not fit the state, the
// origin, or was made without verifying the user.
func (r RelyingParty) FinishRegistration(user User, state, answer []byte) (Passkey, error) {
	party, holder, err := r.with(user, nil)
	if err != nil {
		return Passkey{}, err
	}
	session, err := readState(state)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, refused(err, fault.Invalid)
	}
	credential, err := party.CreateCredential(holder, session, parsed)
	if err != nil {
		return Passkey{}, refused(err, fault.Invalid)
	}
	credential.Attestation = webauthn.CredentialAttestation{} // nobody looks at it again
	return passkeyOf(Passkey{UserID: user.ID}, credential)
}

// BeginAssertion returns what a browser needs to show a passkey (PublicKeyCredentialRequestOptionsJSON)
// and the state for FinishAssertion: one of the user's passkeys, or any that it knows when the
// user has no id, because nobody has said yet who signs in.
func (r RelyingParty) BeginAssertion(user User, existing []Passkey) (options, state []byte, err error) {
	party, holder, err := r.with(user, existing)
	if err != nil {
		return nil, nil, err
	}
	begin := func() (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
		return party.BeginLogin(holder)
	}
	if user.ID == "" {
		begin = func() (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
			return party.BeginDiscoverableLogin()
		}
	}
	assertion, session, err := begin()
	if err != nil {
		return nil, nil, fmt.Errorf("begin passkey assertion: %w", err)
	}
	return encode(assertion.Response, session)
}

// ClaimedPasskey returns which credential and which user the browser's answer (AuthenticationResponseJSON)
// says it comes from, unchecked. The user id is empty when the answer does not say.
func ClaimedPasskey(answer []byte) (credentialID []byte, userID string, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, "", refused(err, fault.Unauthenticated)
	}
	return parsed.RawID, string(parsed.Response.UserHandle), nil
}

// FinishAssertion checks the browser's answer against the state and the user's passkeys, and
// returns the passkey that was shown with its new count. A fault of kind Unauthenticated when
// anything does not fit; ErrCloned when only the count does not.
func (r RelyingParty) FinishAssertion(user User, existing []Passkey, state, answer []byte) (Passkey, error) {
	party, holder, err := r.with(user, existing)
	if err != nil {
		return Passkey{}, err
	}
	session, err := readState(state)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Passkey{}, refused(err, fault.Unauthenticated)
	}
	validate := party.ValidateLogin
	if len(session.UserID) == 0 {
		validate = func(_ webauthn.User, session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
			return party.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return holder, nil }, session, parsed)
		}
	}
	credential, err := validate(holder, session, parsed)
	if err != nil {
		return Passkey{}, refused(err, fault.Unauthenticated)
	}
	if credential.Authenticator.CloneWarning {
		return holder.passkey(credential.ID), ErrCloned
	}
	return passkeyOf(holder.passkey(credential.ID), credential)
}

// ErrCloned says that an authenticator counted less than it did before: somebody may have copied it.
var ErrCloned = fault.New(fault.Unauthenticated, "This passkey was refused: its counter went back, as that of a copy would. Use another way and delete it.")

func refused(err error, kind fault.Kind) error {
	return fault.Because(err, kind, "%s", ErrPasskey.Public)
}

// with returns the library's view of the relying party and of the user.
func (r RelyingParty) with(user User, passkeys []Passkey) (*webauthn.WebAuthn, passkeyHolder, error) {
	required := true
	party, err := webauthn.New(&webauthn.Config{
		RPID: r.ID, RPDisplayName: "Alpaca Trader", RPOrigins: []string{r.Origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required,
			UserVerification: protocol.VerificationRequired,
		},
		// Some password stores answer with extensions that nobody asked for; no extension means anything here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, passkeyHolder{}, fmt.Errorf("describe the relying party: %w", err)
	}
	holder := passkeyHolder{user: user, passkeys: passkeys}
	for _, passkey := range passkeys {
		var credential webauthn.Credential
		if err := json.Unmarshal(passkey.Record, &credential); err != nil {
			return nil, passkeyHolder{}, fmt.Errorf("read passkey %s: %w", passkey.ID, err)
		}
		credential.Authenticator.SignCount = passkey.SignCount
		holder.credentials = append(holder.credentials, credential)
	}
	return party, holder, nil
}

func passkeyOf(passkey Passkey, credential *webauthn.Credential) (Passkey, error) {
	record, err := json.Marshal(credential)
	passkey.CredentialID, passkey.SignCount, passkey.Record = credential.ID, credential.Authenticator.SignCount, record
	return passkey, err
}

func encode(response any, session *webauthn.SessionData) (options, state []byte, err error) {
	if options, err = json.Marshal(response); err != nil {
		return nil, nil, fmt.Errorf("write passkey options: %w", err)
	}
	if state, err = json.Marshal(session); err != nil {
		return nil, nil, fmt.Errorf("write passkey state: %w", err)
	}
	return options, state, nil
}

func readState(state []byte) (webauthn.SessionData, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal(state, &session); err != nil {
		return session, fmt.Errorf("read passkey state: %w", err)
	}
	return session, nil
}

// passkeyHolder is a user as the library sees one. The user handle that authenticators keep is the
// user's id: random, and nothing personal.
type passkeyHolder struct {
	user        User
	passkeys    []Passkey
	credentials []webauthn.Credential // in the order of passkeys
}

// WebAuthnID returns the user handle.
func (h passkeyHolder) WebAuthnID() []byte { return []byte(h.user.ID) }

// WebAuthnName returns what authenticators show.
func (h passkeyHolder) WebAuthnName() string { return h.user.Username }

// WebAuthnDisplayName returns what authenticators show.
func (h passkeyHolder) WebAuthnDisplayName() string { return h.user.Username }

// WebAuthnCredentials returns the user's credentials.
func (h passkeyHolder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func (h passkeyHolder) passkey(credentialID []byte) Passkey {
	for _, passkey := range h.passkeys {
		if string(passkey.CredentialID) == string(credentialID) {
			return passkey
		}
	}
	return Passkey{}
}
