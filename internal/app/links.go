package app

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Link is a one-time link. Its secret stands in the fragment, which browsers send to no server.
type Link struct {
	Address   secret.Text // absolute when the server knows its public address, else a path
	ExpiresAt time.Time
}

func (a *App) link(page string, shown secret.Text, expires time.Time) Link {
	return Link{secret.NewText(strings.TrimSuffix(a.PublicURL, "/") + page + "#" + shown.Reveal()), expires}
}

// ResetPassword makes a one-time link with which the user sets a password; an older link of the
// user is worth nothing any more. Until the link is used the old password stays.
func (a *App) ResetPassword(ctx context.Context, p auth.Principal, userID string) (Link, error) {
	user, err := a.administered(ctx, p, userID)
	if err != nil {
		return Link{}, err
	}
	if user.Disabled {
		return Link{}, fault.New(fault.Conflict, "This user is disabled. Enable it first.")
	}
	kept, link := a.newPasswordLink(user.ID)
	details := map[string]any{"username": user.Username, "expires_at": link.ExpiresAt}
	return link, a.Store.CreatePasswordLink(ctx, kept, a.entry(p, audit.PasswordResetLink, "user:"+user.ID, details))
}

// newPasswordLink makes a link for the user: what is kept of it, and what is shown once.
func (a *App) newPasswordLink(userID string) (auth.PasswordLink, Link) {
	shown, hash := auth.NewLinkSecret()
	now := a.Clock.Now()
	kept := auth.PasswordLink{UserID: userID, Hash: hash, CreatedAt: now, ExpiresAt: now.Add(auth.PasswordLinkLife)}
	return kept, a.link("/set-password", shown, kept.ExpiresAt)
}

// SetPassword sets the password of the user whose link has the secret, and ends all of the user's
// sessions; failed sign-ins are forgotten. The second factor stays. Faults: auth.ErrPasswordLink, or
// Invalid for the password; then the link can still be used.
func (a *App) SetPassword(ctx context.Context, p auth.Principal, shown, password secret.Text) error {
	if err := p.Require(auth.Public); err != nil {
		return err
	}
	hash := auth.HashLinkSecret(shown)
	user, err := a.Store.PasswordLinkUser(ctx, hash)
	if err != nil {
		return err
	}
	if err := auth.ValidatePassword(password.Reveal(), user.Username, user.Email); err != nil {
		return err
	}
	passwordHash, err := a.Passwords.Hash(ctx, password.Reveal())
	if err != nil {
		return err
	}
	p.UserID, p.Username = user.ID, user.Username
	if err := a.Store.UsePasswordLink(ctx, hash, passwordHash, a.entry(p, audit.PasswordSet, "user:"+user.ID, nil)); err != nil {
		return err
	}
	return a.Store.ForgetFailures(ctx, []string{a.throttleAccount(user.Username), a.throttleAccount(user.Email)})
}

// WantedInvite is what an administrator says of a new invite.
type WantedInvite struct {
	Role auth.Role     // trader or viewer; empty: trader
	Life time.Duration // zero: auth.InviteLife
	Note string        // at most 200 characters
}

const longestNote = 200

// Invites returns the newest invites, used and expired ones too.
func (a *App) Invites(ctx context.Context, p auth.Principal) ([]auth.Invite, error) {
	if err := p.Require(auth.Administer); err != nil {
		return nil, err
	}
	return a.Store.Invites(ctx)
}

// Invite makes an invite and its link, which is shown this once.
func (a *App) Invite(ctx context.Context, p auth.Principal, wanted WantedInvite) (auth.Invite, Link, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.Invite{}, Link{}, err
	}
	invite, err := a.newInvite(p, wanted)
	if err != nil {
		return auth.Invite{}, Link{}, err
	}
	shown, hash := auth.NewLinkSecret()
	details := map[string]any{"role": invite.Role, "note": invite.Note, "expires_at": invite.ExpiresAt}
	entry := a.entry(p, audit.InviteCreated, "invite:"+invite.ID, details)
	err = a.Store.CreateInvite(ctx, invite, hash, entry)
	return invite, a.link("/register", shown, invite.ExpiresAt), err
}

func (a *App) newInvite(p auth.Principal, wanted WantedInvite) (auth.Invite, error) {
	now, note := a.Clock.Now(), strings.TrimSpace(wanted.Note)
	if wanted.Role == "" {
		wanted.Role = auth.Trader
	}
	if wanted.Life == 0 {
		wanted.Life = auth.InviteLife
	}
	switch {
	case wanted.Role != auth.Trader && wanted.Role != auth.Viewer:
		return auth.Invite{}, fault.New(fault.Invalid, "An invite is for a trader or a viewer. Make somebody administrator afterwards.")
	case wanted.Life < 0 || wanted.Life > auth.LongestInviteLife:
		return auth.Invite{}, fault.New(fault.Invalid, "An invite lasts 1 to 90 days.")
	case utf8.RuneCountInString(note) > longestNote:
		return auth.Invite{}, fault.New(fault.Invalid, "The note may have at most %d characters.", longestNote)
	}
	return auth.Invite{
		ID: uuid.NewString(), Role: wanted.Role, Note: note, CreatedBy: p.Username,
		CreatedAt: now, ExpiresAt: now.Add(wanted.Life),
	}, nil
}

// RevokeInvite removes an invite; its link is worth nothing any more. Who registered with it stays.
func (a *App) RevokeInvite(ctx context.Context, p auth.Principal, id string) error {
	if err := p.Require(auth.Administer); err != nil {
		return err
	}
	return a.Store.RevokeInvite(ctx, id, a.entry(p, audit.InviteRevoked, "invite:"+id, nil))
}
