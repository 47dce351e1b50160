package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// MustEnroll reports whether the user has to set up a second factor before anything else.
func (a *App) MustEnroll(ctx context.Context, user auth.User) (bool, error) {
	if !a.Require2FA.Demands(user.Role) {
		return false, nil
	}
	factors, err := a.Store.SecondFactors(ctx, user.ID)
	return !factors.Required(), err
}

// keepOne refuses to remove a second factor that is the last one of a user who must have one. left
// are the factors that would remain.
func (a *App) keepOne(p auth.Principal, left auth.Factors) error {
	if a.Require2FA.Demands(p.Role) && !left.Required() {
		return auth.ErrLastFactor
	}
	return nil
}
