package app

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// installationAge is how old what is known of the installation's settings may be: with the time
// that reading takes, every replica follows a change within a second.
const installationAge = 500 * time.Millisecond

// knownInstallation remembers the installation's settings for a moment.
type knownInstallation struct {
	mu       sync.Mutex
	settings auth.InstallationSettings
	readAt   time.Time // zero: not read yet
	reading  atomic.Bool
}

// fresh returns the settings when they are young enough.
func (k *knownInstallation) fresh(clock clock.Clock) (auth.InstallationSettings, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := clock.Now().Sub(k.readAt)
	return k.settings, !k.readAt.IsZero() && age >= 0 && age < installationAge
}

// Installation returns the installation's settings, at most half a second old, and puts its rate
// limits in force in this process.
func (a *App) Installation(ctx context.Context) (auth.InstallationSettings, error) {
	if settings, ok := a.installation.fresh(a.Clock); ok {
		return settings, nil
	}
	read := a.Clock.Now()
	settings, err := a.Store.InstallationSettings(ctx)
	if err != nil {
		return auth.InstallationSettings{}, err
	}
	a.adopt(ctx, settings, read)
	return settings, nil
}

// adopt remembers settings that were read at the time, unless newer ones are known already. Limits
// that this program cannot read, such as those of a newer one, are logged and change nothing.
func (a *App) adopt(ctx context.Context, settings auth.InstallationSettings, read time.Time) {
	a.installation.mu.Lock()
	defer a.installation.mu.Unlock()
	if read.Before(a.installation.readAt) {
		return
	}
	if a.RateLimits != nil {
		if err := a.RateLimits.Override(settings.RateLimits); err != nil {
			a.Logger.ErrorContext(ctx, "the stored rate limits cannot be put in force", "cause", err)
		}
	}
	a.installation.settings, a.installation.readAt = settings, read
}

// followPatience is how long a request waits for the settings when the database is slow or away.
const followPatience = 200 * time.Millisecond

// Follow puts in force what administrators changed on another replica. When that cannot be read at
// once, what was known stays in force. Only one call at a time reads; the others do not wait.
func (a *App) Follow(ctx context.Context) {
	if _, ok := a.installation.fresh(a.Clock); ok || !a.installation.reading.CompareAndSwap(false, true) {
		return
	}
	defer a.installation.reading.Store(false)
	patient, cancel := context.WithTimeout(ctx, followPatience)
	defer cancel()
	if _, err := a.Installation(patient); err != nil && ctx.Err() == nil {
		a.Logger.WarnContext(ctx, "read the installation's settings", "cause", err)
	}
}

// AdminSettings are the installation's settings with the limits that are in force.
func (a *App) AdminSettings(ctx context.Context, p auth.Principal) (auth.InstallationSettings, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.InstallationSettings{}, err
	}
	settings, err := a.Installation(ctx)
	return a.inForce(settings), err
}

func (a *App) inForce(settings auth.InstallationSettings) auth.InstallationSettings {
	if a.RateLimits != nil {
		settings.RateLimits = a.RateLimits.Current()
	}
	return settings
}

// InstallationChange is what to change of the installation's settings; what is nil stays. An empty
// limit takes an override back.
type InstallationChange struct {
	Registration *auth.RegistrationMode
	RateLimits   auth.RateLimits
}

func (c InstallationChange) apply(settings *auth.InstallationSettings) {
	set(&settings.Registration, c.Registration)
	for group, limit := range c.RateLimits {
		if limit == "" {
			delete(settings.RateLimits, group)
		} else {
			settings.RateLimits[group] = limit
		}
	}
}

// validate refuses what could not be put in force. It reads the limits without changing them.
func (c InstallationChange) validate(known auth.RateLimits) error {
	if c.Registration != nil {
		if err := auth.ValidateRegistrationMode(*c.Registration); err != nil {
			return err
		}
	}
	for group, limit := range c.RateLimits {
		if _, ok := known[group]; !ok {
			return fault.New(fault.Invalid, "There is no rate limit %q to set.", group)
		}
		if limit == "" {
			continue
		}
		if _, err := auth.ParseRates(limit); err != nil {
			return err
		}
	}
	return nil
}

// ChangeInstallation changes the installation's settings, in force here at once and on every
// replica within a second. A fault of kind Invalid names what is wrong; then nothing is changed.
func (a *App) ChangeInstallation(ctx context.Context, p auth.Principal, change InstallationChange) (auth.InstallationSettings, error) {
	if err := p.Require(auth.Administer); err != nil {
		return auth.InstallationSettings{}, err
	}
	var known auth.RateLimits
	if a.RateLimits != nil {
		known = a.RateLimits.Current()
	}
	if err := change.validate(known); err != nil {
		return auth.InstallationSettings{}, err
	}
	settings, err := a.Store.ChangeInstallationSettings(ctx, change.apply, func(before, after auth.InstallationSettings) []audit.Entry {
		return a.describeInstallation(p, before, after)
	})
	if err != nil {
		return auth.InstallationSettings{}, err
	}
	a.adopt(ctx, settings, a.Clock.Now())
	return a.inForce(settings), nil
}

func (a *App) describeInstallation(p auth.Principal, before, after auth.InstallationSettings) []audit.Entry {
	var entries []audit.Entry
	if before.Registration != after.Registration {
		details := map[string]any{"from": before.Registration, "to": after.Registration}
		entries = append(entries, a.entry(p, audit.RegistrationChanged, "installation", details))
	}
	if !maps.Equal(before.RateLimits, after.RateLimits) {
		details := map[string]any{"from": before.RateLimits, "to": after.RateLimits}
		entries = append(entries, a.entry(p, audit.RateLimitsChanged, "installation", details))
	}
	return entries
}
