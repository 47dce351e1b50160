package auth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/auth/authtest"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

var (
	party = auth.RelyingParty{ID: "trader.example.com", Origin: "https://trader.example.com"}
	ann   = auth.User{ID: "0b2f3c9e-93f4-4c8e-9f2e-2d6a0c7f5b11", Username: "ann"}
	ben   = auth.User{ID: "7d0b1c4a-1f2e-4c36-8d2a-5e9f00aa42c3", Username: "ben"}
)

// passkey registers one for the user.
func passkey(t *testing.T, user auth.User, authenticator *authtest.Authenticator) auth.Passkey {
	t.Helper()
	options, state, err := party.BeginRegistration(user, nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := party.FinishRegistration(user, state, authenticator.Create(t, options))
	if err != nil {
		t.Fatal(err)
	}
	made.ID = "passkey of " + user.Username
	return made
}

// show has the authenticator answer a question for the user.
func show(t *testing.T, user auth.User, known []auth.Passkey, authenticator *authtest.Authenticator) (auth.Passkey, error) {
	t.Helper()
	options, state, err := party.BeginAssertion(user, known)
	if err != nil {
		t.Fatal(err)
	}
	return party.FinishAssertion(user, known, state, authenticator.Get(t, options))
}

func TestAPasskeyIsMadeAndShown(t *testing.T) {
	t.Parallel()
	authenticator := authtest.New(party.Origin)
	options, _, err := party.BeginRegistration(ann, nil)
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		Challenge              string
		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
		Attestation            string
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		t.Fatal(err)
	}
	if len(asked.Challenge) < 43 || asked.AuthenticatorSelection.ResidentKey != "required" || asked.AuthenticatorSelection.UserVerification != "required" || asked.Attestation != "none" {
		t.Errorf("asked for %s", options)
	}
	made := passkey(t, ann, authenticator)
	if made.UserID != ann.ID || len(made.CredentialID) != 32 || made.SignCount != 1 || strings.Contains(string(made.Record), party.Origin) {
		t.Errorf("made %+v", made)
	}
	shown, err := show(t, ann, []auth.Passkey{made}, authenticator)
	if err != nil || shown.SignCount != 2 || shown.ID != made.ID {
		t.Fatalf("shown %+v, %v", shown, err)
	}
	again, err := show(t, ann, []auth.Passkey{shown}, authenticator)
	if err != nil || again.SignCount != 3 {
		t.Fatalf("shown again %+v, %v", again, err)
	}
	if _, _, err := party.BeginRegistration(ann, []auth.Passkey{again}); err != nil {
		t.Error(err)
	}
}

func TestAPasskeySaysWhoSignsIn(t *testing.T) {
	t.Parallel()
	authenticator := authtest.New(party.Origin)
	made := passkey(t, ann, authenticator)
	options, state, err := party.BeginAssertion(auth.User{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := authenticator.Get(t, options)
	credentialID, userID, err := auth.ClaimedPasskey(answer)
	if err != nil || string(credentialID) != string(made.CredentialID) || userID != ann.ID {
		t.Fatalf("claims %x of %q, %v", credentialID, userID, err)
	}
	if _, err := party.FinishAssertion(ann, []auth.Passkey{made}, state, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := party.FinishAssertion(ben, []auth.Passkey{made}, state, answer); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("ann's passkey for ben: %v", err)
	}
}

func TestWrongPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(*authtest.Authenticator){
		"another origin":       func(a *authtest.Authenticator) { a.Origin = "https://evil.example" },
		"the origin in http":   func(a *authtest.Authenticator) { a.Origin = "http://trader.example.com" },
		"a subdomain":          func(a *authtest.Authenticator) { a.Origin = "https://x.trader.example.com" },
		"another port":         func(a *authtest.Authenticator) { a.Origin += ":8443" },
		"another challenge":    func(a *authtest.Authenticator) { a.Challenge = strings.Repeat("A", 43) },
		"no user verification": func(a *authtest.Authenticator) { a.Unverified = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			honest := authtest.New(party.Origin)
			made := passkey(t, ann, honest)
			lie(honest)
			if _, err := show(t, ann, []auth.Passkey{made}, honest); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("shown: %v", err)
			}
			liar := authtest.New(party.Origin)
			lie(liar)
			options, state, err := party.BeginRegistration(ann, nil)
			if err != nil {
				t.Fatal(err)
			}
			if made, err := party.FinishRegistration(ann, state, liar.Create(t, options)); !fault.Is(err, fault.Invalid) {
				t.Errorf("made %+v, %v", made, err)
			}
		})
	}
}

func TestACounterThatGoesBackIsACopy(t *testing.T) {
	t.Parallel()
	authenticator := authtest.New(party.Origin)
	authenticator.Count = 7
	made := passkey(t, ann, authenticator)
	for _, count := range []uint32{7, 6, 1, 0} {
		authenticator.Count = count
		if shown, err := show(t, ann, []auth.Passkey{made}, authenticator); err != auth.ErrCloned || shown.SignCount != 7 {
			t.Errorf("count %d after 7: %+v, %v", count, shown, err)
		}
	}
	uncounted := &authtest.Authenticator{Origin: party.Origin} // synchronized passkeys say 0 forever
	made = passkey(t, ann, uncounted)
	for range 2 {
		if _, err := show(t, ann, []auth.Passkey{made}, uncounted); err != nil {
			t.Errorf("an authenticator that does not count: %v", err)
		}
	}
}

func TestPasskeysOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	annKey, benKey := authtest.New(party.Origin), authtest.New(party.Origin)
	known := []auth.Passkey{passkey(t, ann, annKey)}
	passkey(t, ben, benKey)
	if _, err := show(t, ann, known, benKey); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("ben's passkey for ann: %v", err)
	}
	benKey.UserHandle = ann.ID
	if _, err := show(t, ann, known, benKey); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("ben's passkey that says it is ann's: %v", err)
	}
	options, state, err := party.BeginRegistration(ann, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := party.FinishRegistration(ben, state, benKey.Create(t, options)); !fault.Is(err, fault.Invalid) {
		t.Errorf("ben answers ann's question: %v", err)
	}
}

func FuzzPasskeyAnswers(f *testing.F) {
	authenticator := authtest.New(party.Origin)
	options, creating, err := party.BeginRegistration(ann, nil)
	if err != nil {
		f.Fatal(err)
	}
	created := authenticator.Create(f, options)
	made, err := party.FinishRegistration(ann, creating, created)
	if err != nil {
		f.Fatal(err)
	}
	options, asking, err := party.BeginAssertion(ann, []auth.Passkey{made})
	if err != nil {
		f.Fatal(err)
	}
	shown := authenticator.Get(f, options)
	for _, seed := range []string{string(created), string(shown), "{}", "null", `{"id":"","rawId":"","type":"public-key","response":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, err := party.FinishRegistration(ben, creating, answer); err == nil {
			t.Error("an answer to ann's question made a passkey of ben")
		}
		if _, err := party.FinishAssertion(ben, []auth.Passkey{made}, asking, answer); err == nil {
			t.Error("an answer to ann's question signed ben in")
		}
		_, _, _ = auth.ClaimedPasskey(answer)
	})
}
