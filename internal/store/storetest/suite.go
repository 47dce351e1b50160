package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Run runs the whole suite; each test has a database of its own.
func Run(t *testing.T, address Address) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, w world)
	}{
		{"FirstUserIsAdmin", firstUserIsAdmin},
		{"NamesCompareWithoutCase", namesCompareWithoutCase},
		{"UserLifecycle", userLifecycle},
		{"UnknownUsers", unknownUsers},
		{"AccountLifecycle", accountLifecycle},
		{"OneActiveAccount", oneActiveAccount},
		{"AccountsOfOthers", accountsOfOthers},
		{"AutomatedAccounts", automatedAccounts},
		{"SlotsPlannedWithRecords", slotsPlannedWithRecords},
		{"AccountStrategies", accountStrategies},
		{"InstallationRisk", installationRisk},
		{"ArmedAccounts", armedAccounts},
		{"OwnStandings", ownStandings},
		{"Vitals", vitals},
		{"WatchesAreShared", watchesAreShared},
		{"Explains", explains},
		{"Watchlist", watchlist},
		{"Settings", settings},
		{"Sessions", sessions},
		{"Passkeys", passkeys},
		{"PasskeyUse", passkeyUse},
		{"ManyShowOnePasskey", manyShowOnePasskey},
		{"PasskeysAreBounded", passkeysAreBounded},
		{"Tokens", tokens},
		{"TokensAreBounded", tokensAreBounded},
		{"Bars", bars},
		{"BarsOfManySymbols", barsOfManySymbols},
		{"BarsKeepEveryDigit", barsKeepEveryDigit},
		{"BarsAreSwept", barsAreSwept},
		{"Installation", installation},
		{"AuditChain", auditChain},
		{"AuditNeedsItsKey", auditNeedsItsKey},
		{"AuditOutlivesItsUser", auditOutlivesItsUser},
		{"CyclesOnceASlot", cyclesOnceASlot},
		{"InterruptedCycle", interruptedCycle},
		{"DecisionsComeBack", decisionsComeBack},
		{"DecidedOnce", decidedOnce},
		{"DryRunOrdersNothing", dryRunOrdersNothing},
		{"OrderLife", orderLife},
		{"LateNews", lateNews},
		{"FillsCountOnce", fillsCountOnce},
		{"LeaseExcludes", leaseExcludes},
		{"LeaseExpires", leaseExpires},
		{"StaleHolderIsRefused", staleHolderIsRefused},
		{"IntentsKeepEveryPart", intentsKeepEveryPart},
		{"ClaimsKeepToTheStanding", claimsKeepToTheStanding},
		{"HaltsHoldFromTheirCommit", haltsHoldFromTheirCommit},
		{"LegsBelongToTheirOrder", legsBelongToTheirOrder},
		{"HoldingsFollowFills", holdingsFollowFills},
		{"ManyTellTheSameFills", manyTellTheSameFills},
		{"Reconciliations", reconciliations},
		{"AttemptsAndRejections", attemptsAndRejections},
		{"TrackRecords", trackRecords},
		{"EntriesAndForeign", entriesAndForeign},
		{"ProtectiveIntents", protectiveIntents},
		{"FoundOrders", foundOrders},
		{"MoneyKeepsEveryDigit", moneyKeepsEveryDigit},
		{"TextIsOnlyText", textIsOnlyText},
		{"Directory", directory},
		{"LastAdminStays", lastAdminStays},
		{"AdminsRemoveEachOther", adminsRemoveEachOther},
		{"DisablingEndsSessions", disablingEndsSessions},
		{"PasswordLinks", passwordLinks},
		{"Invites", invites},
		{"OnlyTheFirst", onlyTheFirst},
		{"InstallationSettings", installationSettings},
		{"FactorsReset", factorsReset},
		{"ManyRegisterAtOnce", manyRegisterAtOnce},
		{"ManyAddAccountsAtOnce", manyAddAccountsAtOnce},
		{"ManyAppendAtOnce", manyAppendAtOnce},
		{"ManyClaimOneOrder", manyClaimOneOrder},
		{"ManyTakeOneLease", manyTakeOneLease},
		{"ManyStartOneCycle", manyStartOneCycle},
		{"CancelledWritesLeaveNothing", cancelledWritesLeaveNothing},
		{"FailedWritesLeaveNothing", failedWritesLeaveNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newWorld(t, address))
		})
	}
}

// world is one database and the clock of its rows.
type world struct {
	*store.Store
	clock   *clock.Held
	address func(t testing.TB) store.Options
}

var start = time.Date(2026, 3, 2, 14, 30, 0, 123456000, time.UTC)

func newWorld(t *testing.T, address Address) world {
	held := clock.NewHeld(start)
	url := address(t)
	options := store.Options{URL: url, Clock: held}
	return world{Open(t, url, options), held, func(testing.TB) store.Options { return options }}
}

// again opens the same database another time, as a second process would.
func (w world) again(t *testing.T, change func(*store.Options)) *store.Store {
	options := w.address(t)
	change(&options)
	return Open(t, options.URL, options)
}

func (w world) user(t *testing.T, name string) auth.User {
	t.Helper()
	user, err := w.CreateUser(t.Context(), newUser(name), []byte("wrapped "+name), trade.DefaultSettings(), audit.Entry{Action: audit.Register})
	must(t, err)
	return user
}

func newUser(name string) auth.User {
	return auth.User{ID: uuid.NewString(), Username: name, Email: name + "@example.org", PasswordHash: "$argon2id$" + name}
}

func (w world) account(t *testing.T, userID, name string) trade.BrokerageAccount {
	t.Helper()
	w.clock.Advance(time.Second)
	account, err := w.CreateAccount(t.Context(), newAccount(userID, name), audit.Entry{Action: audit.AccountCreated})
	must(t, err)
	return account
}

func newAccount(userID, name string) trade.BrokerageAccount {
	return trade.BrokerageAccount{
		ID: uuid.NewString(), UserID: userID, Name: name, Paper: true, APIKeyHint: "PK123456",
		SealedKey: []byte{0, 1, 0xff}, SealedSecret: []byte("'sealed'"),
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error %v, want a fault of kind %d", err, kind)
	}
}

func same[T any](t testing.TB, what string, got, wanted T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", wanted); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

// together runs the work in several goroutines at once and returns how many succeeded. An error of
// another kind than allowed fails the test.
func together(t *testing.T, count int, allowed fault.Kind, work func(ctx context.Context, i int) error) int {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, count)
	begin := make(chan struct{})
	for i := range count {
		group.Go(func() {
			<-begin
			errs[i] = work(t.Context(), i)
		})
	}
	close(begin)
	group.Wait()
	succeeded := 0
	for i, err := range errs {
		switch {
		case err == nil:
			succeeded++
		case !fault.Is(err, allowed):
			t.Errorf("goroutine %d: %v", i, err)
		}
	}
	return succeeded
}

// verifyAudit checks the whole chain and returns its entries.
func verifyAudit(t testing.TB, s *store.Store) []audit.Link {
	t.Helper()
	links, err := s.AuditLinks(t.Context(), 0, 100000)
	must(t, err)
	if broken, problem := audit.Verify(AuditKey, links); broken != 0 {
		t.Errorf("audit entry %d: %s", broken, problem)
	}
	return links
}
