package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const longestReason = 200 // characters

// Halt puts halted or reduce-only in force, at once and until a person resumes. A scope that is as
// strict already keeps its first reason. The program never loosens a state by this: that is Resume.
func (a *App) Halt(ctx context.Context, p auth.Principal, reach Reach, state trade.TradingState, reason string) ([]trade.Standing, error) {
	if state != trade.Halted && state != trade.ReduceOnly {
		return nil, fault.New(fault.Invalid, "The state must be halted or reduce_only.")
	}
	scopes, err := a.scopes(ctx, p, reach)
	if err != nil {
		return nil, err
	}
	wanted, err := a.standing(p, state, reason)
	if err != nil {
		return nil, err
	}
	standings := make([]trade.Standing, 0, len(scopes))
	for _, scope := range scopes {
		standing, err := a.tighten(ctx, p, scope, wanted, audit.TradingHalted)
		if err != nil {
			return standings, err
		}
		standings = append(standings, standing)
	}
	return standings, nil
}

// scope is one thing that has a state: an account, or the whole installation.
type scope struct {
	accountID string // trade.WholeInstallation: everybody
	userID    string
	account   trade.BrokerageAccount
}

// scopes authorizes: a trader for the own accounts, an administrator for the installation.
func (a *App) scopes(ctx context.Context, p auth.Principal, reach Reach) ([]scope, error) {
	if reach.Installation {
		err := firstError(p.Require(auth.Administer), p.RequireSession())
		return []scope{{accountID: trade.WholeInstallation}}, err
	}
	if err := p.Require(auth.Trade); err != nil {
		return nil, err
	}
	accounts, err := a.reached(ctx, p, reach)
	scopes := make([]scope, len(accounts))
	for i, account := range accounts {
		scopes[i] = scope{account.ID, account.UserID, account}
	}
	return scopes, err
}

// standing is a state that the principal puts in force now.
func (a *App) standing(p auth.Principal, state trade.TradingState, reason string) (trade.Standing, error) {
	reason = strings.TrimSpace(reason)
	if len([]rune(reason)) > longestReason || !printable(reason) {
		return trade.Standing{}, fault.New(fault.Invalid, "The reason may have %d printable characters at most.", longestReason)
	}
	if reason == "" {
		reason = fmt.Sprintf("Stopped by %s.", p.Username)
	}
	return trade.Standing{State: state, Cause: trade.HaltByPerson, Reason: reason, Who: p.Username, Since: a.Clock.Now().UTC()}, nil
}

// tighten puts the state in force in one scope unless it is as strict already.
func (a *App) tighten(ctx context.Context, p auth.Principal, to scope, wanted trade.Standing, action audit.Action) (trade.Standing, error) {
	own, err := a.Store.OwnStanding(ctx, to.accountID)
	if err != nil {
		return own, err
	}
	if action == audit.TradingHalted && own.State.Stricter(wanted.State) == own.State {
		return own, nil
	}
	if own.State.Stricter(wanted.State) == own.State { // flattened anew under the state in force
		wanted.State = own.State
	}
	wanted.AccountID = to.accountID
	return wanted, a.putStanding(ctx, p, to, wanted, action)
}

// putStanding stores a state with its audit entry and shows it to those whom it concerns.
func (a *App) putStanding(ctx context.Context, p auth.Principal, to scope, standing trade.Standing, action audit.Action) error {
	entry := a.entry(p, action, to.target(), map[string]any{"state": string(standing.State), "reason": standing.Reason})
	if err := a.Store.SetStanding(ctx, standing, entry); err != nil {
		return err
	}
	kind := desk.NewsHalt
	if action == audit.TradingResumed {
		kind = NewsResume
	}
	a.Tell(desk.News{Kind: kind, AccountID: standing.AccountID, UserID: to.userID, At: standing.Since, Standing: &standing})
	return nil
}

func (s scope) target() string {
	if s.accountID == trade.WholeInstallation {
		return "installation"
	}
	return accountTarget(s.account)
}

// Resume lifts a state: to active, or from halted to reduce-only. It needs a fresh factor. An
// account is compared with its broker first, and stays as it is when they differ or the broker
// does not answer.
func (a *App) Resume(ctx context.Context, p auth.Principal, reach Reach, state trade.TradingState) ([]trade.Standing, error) {
	if state != trade.Active && state != trade.ReduceOnly {
		return nil, fault.New(fault.Invalid, "The state must be active or reduce_only.")
	}
	scopes, err := a.scopes(ctx, p, reach)
	if err == nil {
		err = p.RequireFresh(a.Clock.Now())
	}
	if err != nil {
		return nil, err
	}
	standings := make([]trade.Standing, 0, len(scopes))
	var troubles []error
	for _, scope := range scopes {
		standing, err := a.resume(ctx, p, scope, state)
		if err != nil {
			troubles = append(troubles, inAccount(err, scope, len(scopes)))
			continue
		}
		standings = append(standings, standing)
	}
	return standings, errors.Join(troubles...)
}

func (a *App) resume(ctx context.Context, p auth.Principal, to scope, state trade.TradingState) (trade.Standing, error) {
	own, err := a.Store.OwnStanding(ctx, to.accountID)
	if err != nil || own.State == state {
		return own, err
	}
	if own.State.Stricter(state) != own.State {
		return own, fault.New(fault.Conflict, "Trading is not halted there; to restrict it, halt it with the state %s.", state)
	}
	if to.accountID != trade.WholeInstallation {
		if err := a.mustAgree(ctx, to.account); err != nil {
			return own, err
		}
	}
	standing := trade.Standing{AccountID: to.accountID, State: state, Who: p.Username, Since: a.Clock.Now().UTC()}
	if state == trade.ReduceOnly {
		standing.Cause, standing.Reason = trade.HaltByPerson, fmt.Sprintf("Exits only, by %s.", p.Username)
	}
	return standing, a.putStanding(ctx, p, to, standing, audit.TradingResumed)
}

// mustAgree refuses unless journal and broker agree now.
func (a *App) mustAgree(ctx context.Context, account trade.BrokerageAccount) error {
	found, err := a.reconcile(ctx, account)
	if err != nil {
		return err
	}
	if !found.Passed {
		return fault.New(fault.Conflict, "Not resumed: %s Take over the broker's quantities if they are right (reconcile with adopt), then resume.", DriftSentence(found))
	}
	return nil
}

// inAccount says which account the trouble is of, where several were asked for.
func inAccount(err error, of scope, count int) error {
	if count == 1 {
		return err
	}
	return fault.Because(err, fault.KindOf(err), "%s: %s", of.account.Name, fault.Public(err))
}

// NewsResume is news of a state that a person lifted: Standing.
const NewsResume desk.NewsKind = "resume"

// Tell publishes news of an account, or of the whole installation, and has the live pages of those
// whom it concerns read everything again.
func (a *App) Tell(news desk.News) {
	a.Bus.Publish(event.NewsTopic, event.Event{Kind: event.News, Data: news})
	if news.AccountID == trade.WholeInstallation {
		a.pokeAll()
	} else {
		a.Poke(news.UserID)
	}
}

// pokeAll has every live page read everything again now.
func (a *App) pokeAll() {
	a.live.mu.Lock()
	defer a.live.mu.Unlock()
	for _, w := range a.live.watchers {
		w.wake()
	}
}
