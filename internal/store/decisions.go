package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type decisionRow struct {
	bun.BaseModel `bun:"table:decisions"`

	CycleID       string
	Position      int
	AccountID     string
	UserID        string
	Symbol        string
	Action        trade.Action
	Skip          trade.Skip
	ClientOrderID *string
	Explanation   string
}

// explanation is a decision's JSON: its signal with every vote and, for a decision that was not
// journaled as an order (a dry run), the intent that it would have been.
type explanation struct {
	Signal trade.Signal  `json:"signal"`
	Intent *trade.Intent `json:"intent,omitempty"`
}

// RecordDecisions writes the cycle's decisions, its intents (in state journaled) and an audit entry
// for each intent, together; a fault of kind Conflict when the lease is lost or the cycle has its
// decisions already. Intents whose client order id is journaled already are not written again:
// their decisions come back with Skip = already_decided and no intent.
func (s *Store) RecordDecisions(ctx context.Context, lease trade.Lease, cycle trade.Cycle) (trade.Cycle, error) {
	if lease.AccountID != cycle.AccountID {
		return cycle, fmt.Errorf("record decisions of account %s under the lease of %s", cycle.AccountID, lease.AccountID)
	}
	explanations, err := explanationsOf(cycle)
	if err != nil {
		return cycle, err
	}
	done, err := deciding.act(ctx, s, s.cycling, recording{lease: lease, cycle: cycle, explanations: explanations})
	if err != nil {
		return cycle, err
	}
	return done.recorded, nil
}

// recording is what a cycle leaves in the journal under its lease.
type recording struct {
	lease        trade.Lease
	cycle        trade.Cycle
	explanations []string    // of its decisions
	recorded     trade.Cycle // with its intents as they were written
}

func accountOfRecording(r *recording) string    { return r.cycle.AccountID }
func leaseOfRecording(r *recording) trade.Lease { return r.lease }
func cycleOfRecording(r *recording) string      { return r.cycle.ID }

var deciding = &kind[recording]{
	about: accountOfRecording,
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[recording]) error {
		all, err := holdLeases(ctx, s, tx, all, leaseOfRecording)
		if err != nil {
			return err
		}
		if all, err = s.markDecided(ctx, tx, all); err != nil {
			return err
		}
		cycles := make([]*trade.Cycle, len(all))
		for i, r := range all {
			r.of.recorded = r.of.cycle
			r.of.recorded.Decisions = slices.Clone(r.of.cycle.Decisions)
			cycles[i] = &r.of.recorded
		}
		intents, err := s.insertIntents(ctx, tx, cycles)
		if err != nil {
			return err
		}
		for _, cycle := range cycles {
			cycle.Decisions = withoutRepeats(*cycle, intents)
		}
		if err := insertDecisions(ctx, tx, all); err != nil {
			return err
		}
		return s.auditTrades(ctx, tx, intentEntries(cycles))
	},
}

// RecordIntents writes intents that are no decision on a signal, such as protective orders, in state
// journaled and with an audit entry each, as the cycle's; it returns those that were not journaled
// already. A fault of kind Conflict when the lease is lost.
func (s *Store) RecordIntents(ctx context.Context, lease trade.Lease, cycle trade.Cycle, intents []trade.Intent) ([]trade.Intent, error) {
	var written []trade.Intent
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		written = nil
		if err := s.holdLease(ctx, tx, lease); err != nil {
			return err
		}
		carrier := cycle
		carrier.Decisions = make([]trade.Decision, len(intents))
		for i := range intents {
			intent := intents[i]
			carrier.Decisions[i].Intent = &intent
		}
		ids, err := s.insertIntents(ctx, tx, []*trade.Cycle{&carrier})
		if err != nil {
			return err
		}
		var entries []audit.Entry
		for _, decision := range carrier.Decisions {
			if ids[decision.Intent.ID] {
				written, entries = append(written, *decision.Intent), append(entries, intentEntry(*decision.Intent))
			}
		}
		return s.auditTrades(ctx, tx, entries)
	})
	return written, err
}

// auditTrades appends entries of what the program traded, and says for whom.
func (s *Store) auditTrades(ctx context.Context, tx bun.Tx, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = entry.Actor
	}
	var users []struct{ ID, Username string }
	if err := tx.NewRaw("SELECT id, username FROM users WHERE id IN (?)", bun.In(ids)).Scan(ctx, &users); err != nil {
		return err
	}
	names := make(map[string]string, len(users))
	for _, user := range users {
		names[user.ID] = programName + " for " + user.Username
	}
	for i := range entries {
		entries[i].ActorName = cmp.Or(names[entries[i].Actor], programName)
	}
	return s.audit(ctx, tx, entries...)
}

const programName = "alpaca-trader"

// markDecided refuses cycles that have their decisions already, and returns what is left.
func (s *Store) markDecided(ctx context.Context, tx bun.Tx, all []*one[recording]) ([]*one[recording], error) {
	if len(all) == 0 {
		return nil, nil
	}
	rows := make([][]any, len(all))
	for i, r := range all {
		rows[i] = []any{r.of.cycle.ID, r.of.cycle.AccountID, at(r.of.cycle.MarketTime), r.of.cycle.Equity}
	}
	return refuseOthers(ctx, all, cycleOfRecording, fault.New(fault.Conflict, "This cycle was never started, or its decisions are recorded already."),
		s.given(tx, "id TEXT, account_id TEXT, market_time BIGINT, equity MONEY", rows, `UPDATE cycles SET decided = TRUE,
			market_time = given.market_time, equity = given.equity FROM given
			WHERE cycles.id = given.id AND cycles.account_id = given.account_id AND NOT cycles.decided RETURNING cycles.id`))
}

// journaled reports whether the decision becomes an order.
func journaled(cycle trade.Cycle, decision trade.Decision) bool {
	return decision.Intent != nil && decision.Skip == "" && !cycle.DryRun
}

// withoutRepeats returns the decisions, those whose intent was not written as already decided.
func withoutRepeats(cycle trade.Cycle, written map[string]bool) []trade.Decision {
	for i, decision := range cycle.Decisions {
		if !journaled(cycle, decision) {
			continue
		}
		if id := decision.Intent.ID; !written[id] {
			cycle.Decisions[i].Intent, cycle.Decisions[i].Skip = nil, trade.SkipAlreadyDecided
		}
	}
	return cycle.Decisions
}

func insertDecisions(ctx context.Context, tx bun.Tx, all []*one[recording]) error {
	var rows []decisionRow
	for _, r := range all {
		for i, decision := range r.of.recorded.Decisions {
			rows = append(rows, rowOfDecision(r.of.recorded, i, decision, r.of.explanations[i]))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func rowOfDecision(cycle trade.Cycle, position int, decision trade.Decision, explanation string) decisionRow {
	row := decisionRow{
		CycleID: cycle.ID, Position: position, AccountID: cycle.AccountID, UserID: cycle.UserID,
		Symbol: decision.Signal.Symbol, Action: decision.Signal.Action, Skip: decision.Skip, Explanation: explanation,
	}
	if journaled(cycle, decision) {
		row.ClientOrderID = &decision.Intent.ClientOrderID
	}
	return row
}

// explanationsOf encodes the explanations of the cycle's decisions. Whether one was decided before
// does not matter to them.
func explanationsOf(cycle trade.Cycle) ([]string, error) {
	texts := make([]string, len(cycle.Decisions))
	for i, decision := range cycle.Decisions {
		explained := explanation{Signal: decision.Signal}
		if !journaled(cycle, decision) {
			explained.Intent = decision.Intent
		}
		text, err := json.Marshal(explained)
		if err != nil {
			return nil, fmt.Errorf("encode decision on %s: %w", decision.Signal.Symbol, err)
		}
		texts[i] = string(text)
	}
	return texts, nil
}

func intentEntries(cycles []*trade.Cycle) []audit.Entry {
	var entries []audit.Entry
	for _, cycle := range cycles {
		for _, decision := range cycle.Decisions {
			if journaled(*cycle, decision) {
				entries = append(entries, intentEntry(*decision.Intent))
			}
		}
	}
	return entries
}

func intentEntry(intent trade.Intent) audit.Entry {
	action := audit.AutoTradeBuy
	if intent.Side == trade.SideSell {
		action = audit.AutoTradeSell
	}
	details := map[string]any{
		"symbol": intent.Symbol, "side": string(intent.Side), "purpose": string(intent.Purpose),
		"client_order_id": intent.ClientOrderID, "reason": intent.Reason,
	}
	if intent.Qty.Valid {
		details["qty"] = intent.Qty.Decimal.String()
	}
	if intent.Notional.Valid {
		details["notional"] = intent.Notional.Decimal.String()
	}
	return audit.Entry{
		At: intent.CreatedAt, Actor: intent.UserID, Action: action,
		Target: "account:" + intent.AccountID, Details: details,
	}
}

// addDecisions reads the decisions of the cycles into them.
func (s *Store) addDecisions(ctx context.Context, cycles map[string]*trade.Cycle) error {
	ids := bun.In(slices.Collect(maps.Keys(cycles)))
	var rows []decisionRow
	if err := s.read.NewSelect().Model(&rows).Where("cycle_id IN (?)", ids).Order("cycle_id", "position").Scan(ctx); err != nil {
		return explain(err)
	}
	var intents []intentRow
	if err := s.read.NewSelect().Model(&intents).Where("cycle_id IN (?)", ids).Scan(ctx); err != nil {
		return explain(err)
	}
	byOrderID := make(map[string]trade.Intent, len(intents))
	for _, row := range intents {
		byOrderID[row.ClientOrderID] = row.intent()
	}
	for _, row := range rows {
		decision, err := row.decision(byOrderID)
		if err != nil {
			return err
		}
		cycle := cycles[row.CycleID]
		cycle.Decisions = append(cycle.Decisions, decision)
	}
	return nil
}

func (r decisionRow) decision(intents map[string]trade.Intent) (trade.Decision, error) {
	var explained explanation
	if err := json.Unmarshal([]byte(r.Explanation), &explained); err != nil {
		return trade.Decision{}, fmt.Errorf("decode decision %d of cycle %s: %w", r.Position, r.CycleID, err)
	}
	decision := trade.Decision{Signal: explained.Signal, Intent: explained.Intent, Skip: r.Skip}
	if r.ClientOrderID != nil {
		if intent, ok := intents[*r.ClientOrderID]; ok {
			decision.Intent = &intent
		}
	}
	return decision, nil
}
