package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

// SignIns keeps what slows guessing down, the sign-ins that wait for their second factor, and the
// browsers that are known. It survives a restart and is shared by all processes.
type SignIns interface {
	// BeginAttempt counts a failure in advance, so that attempts at once cannot share one count.
	// A fault of kind RateLimited, and nothing counted, when it is too early to try.
	BeginAttempt(ctx context.Context, attempt auth.Attempt) error
	// ForgiveAttempt takes that back: the password was right, or could not be checked.
	ForgiveAttempt(ctx context.Context, attempt auth.Attempt) error
	// ForgetFailures forgets all that was counted for the accounts.
	ForgetFailures(ctx context.Context, accounts []string) error
	// KnownDevice reports whether the user has signed in before with the device of the hash.
	KnownDevice(ctx context.Context, userID, deviceHash string) (bool, error)
	CreatePending(ctx context.Context, pending auth.PendingSignIn) error
	// PendingSignIn returns a pending sign-in that can still be completed; NotFound otherwise.
	PendingSignIn(ctx context.Context, id string) (auth.PendingSignIn, error)
	// TryPending counts a wrong code in advance and returns how many more tries there are;
	// NotFound when the pending sign-in cannot be completed any more.
	TryPending(ctx context.Context, id string) (left int, err error)
	EndPending(ctx context.Context, id string) error // one that is gone already is no error
	// RecordSignIn completes a sign-in: it uses the pending one up, sets last_login, makes the
	// device known, forgets failures, and writes the entry. Of two calls with one pending sign-in
	// one succeeds. Unauthenticated, and nothing recorded, when the user was disabled or all its
	// sessions were ended meanwhile.
	RecordSignIn(ctx context.Context, done auth.CompletedSignIn, entry audit.Entry) error
}

// Factors keeps second factors. Secrets come here sealed, codes as marks.
type Factors interface {
	SecondFactors(ctx context.Context, userID string) (auth.Factors, error)
	ListPasskeys(ctx context.Context, userID string) ([]auth.Passkey, error) // oldest first
	TOTPSecret(ctx context.Context, userID string) (auth.TOTPSecret, error)  // NotFound: none
	// PutTOTPSecret stores a secret to be enabled; Conflict when one is enabled already.
	// CheckTOTP refuses a secret that is not the one which was turned on last, as the audit log has it.
	CheckTOTP(ctx context.Context, secret auth.TOTPSecret) error
	PutTOTPSecret(ctx context.Context, secret auth.TOTPSecret) error
	// UseTOTPStep accepts the code of the time step once: false when it, or a later one, was
	// accepted before. With it the entry is written.
	UseTOTPStep(ctx context.Context, secret auth.TOTPSecret, step int64, entry audit.Entry) (bool, error)
	// EnableTOTP is UseTOTPStep that enables the secret, replaces all recovery codes, ends all
	// sessions of the user and returns the user.
	EnableTOTP(ctx context.Context, secret auth.TOTPSecret, step int64, codes [][]byte, entry audit.Entry) (auth.User, bool, error)
	// DisableTOTP removes the secret and, when no other factor is left, the recovery codes; it
	// ends all sessions and returns the user. NotFound: there was none.
	DisableTOTP(ctx context.Context, userID string, entry audit.Entry) (auth.User, error)
	ReplaceRecoveryCodes(ctx context.Context, userID string, codes [][]byte, entry audit.Entry) (auth.User, error)
	// UseRecoveryCode uses the code up: false when there is none with the mark.
	UseRecoveryCode(ctx context.Context, userID string, mark []byte, entry audit.Entry) (bool, error)
	// CountCodeTry counts a wrong code in advance; RateLimited when the hour has had too many.
	CountCodeTry(ctx context.Context, userID string) error
	ForgiveCodeTry(ctx context.Context, userID string) error
}

// Credentialed keeps passwords and addresses. A change ends all of the user's sessions by raising
// User.SessionEpoch, and returns the user with the new epoch.
type Credentialed interface {
	// RenewPasswordHash replaces the hash by another one of the same password, unless it has changed.
	RenewPasswordHash(ctx context.Context, userID, old, renewed string) error
	// ChangePassword stores the hash unless the old one is not current any more (Conflict), forgets
	// known devices and pending sign-ins, and ends all sessions.
	ChangePassword(ctx context.Context, userID, old, hash string, entry audit.Entry) (auth.User, error)
	// ChangeEmail stores the address and ends all sessions; Conflict when it is taken.
	ChangeEmail(ctx context.Context, userID, email string, entry audit.Entry) (auth.User, error)
}

// Sessions shows and ends the sessions of a user.
type Sessions interface {
	ListSessions(ctx context.Context, userID string) ([]auth.Session, error) // latest seen first
	// EndSession ends one session of the user; NotFound when it has none of that id.
	EndSession(ctx context.Context, userID, sessionID string, entry audit.Entry) error
	// EndOtherSessions ends all but one and writes the entry that describe returns for how many.
	EndOtherSessions(ctx context.Context, userID, except string, describe func(ended int64) audit.Entry) (int64, error)
}
