package store

import (
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
	recorded := cycle
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		recorded.Decisions = slices.Clone(cycle.Decisions)
		if err := holdLease(ctx, tx, lease); err != nil {
			return err
		}
		if err := markDecided(ctx, tx, cycle); err != nil {
			return err
		}
		intents, err := s.insertIntents(ctx, tx, cycle)
		if err != nil {
			return err
		}
		recorded.Decisions = withoutRepeats(recorded, intents)
		if err := insertDecisions(ctx, tx, recorded); err != nil {
			return err
		}
		return s.auditTrades(ctx, tx, cycle.UserID, intentEntries(recorded))
	})
	if err != nil {
		return cycle, err
	}
	return recorded, nil
}

// RecordIntents writes intents that are no decision on a signal, such as protective orders, in state
// journaled and with an audit entry each, as the cycle's; it returns those that were not journaled
// already. A fault of kind Conflict when the lease is lost.
func (s *Store) RecordIntents(ctx context.Context, lease trade.Lease, cycle trade.Cycle, intents []trade.Intent) ([]trade.Intent, error) {
	var written []trade.Intent
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		written = nil
		if err := holdLease(ctx, tx, lease); err != nil {
			return err
		}
		carrier := cycle
		carrier.Decisions = make([]trade.Decision, len(intents))
		for i := range intents {
			intent := intents[i]
			carrier.Decisions[i].Intent = &intent
		}
		ids, err := s.insertIntents(ctx, tx, carrier)
		if err != nil {
			return err
		}
		var entries []audit.Entry
		for _, decision := range carrier.Decisions {
			if ids[decision.Intent.ID] {
				written, entries = append(written, *decision.Intent), append(entries, intentEntry(*decision.Intent))
			}
		}
		return s.auditTrades(ctx, tx, cycle.UserID, entries)
	})
	return written, err
}

// auditTrades appends entries of what the program traded, and says for whom.
func (s *Store) auditTrades(ctx context.Context, tx bun.Tx, userID string, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	name := "alpaca-trader"
	if userID != "" {
		var users []string
		if err := tx.NewRaw("SELECT username FROM users WHERE id = ?", userID).Scan(ctx, &users); err != nil {
			return err
		}
		if len(users) > 0 {
			name += " for " + users[0]
		}
	}
	for i := range entries {
		entries[i].ActorName = name
	}
	return s.audit(ctx, tx, entries...)
}

func markDecided(ctx context.Context, tx bun.Tx, cycle trade.Cycle) error {
	result, err := tx.NewRaw("UPDATE cycles SET decided = TRUE, market_time = ?, equity = ? WHERE id = ? AND account_id = ? AND NOT decided",
		at(cycle.MarketTime), cycle.Equity, cycle.ID, cycle.AccountID).Exec(ctx)
	return mustChange(result, err, fault.New(fault.Conflict, "This cycle was never started, or its decisions are recorded already."))
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

func insertDecisions(ctx context.Context, tx bun.Tx, cycle trade.Cycle) error {
	if len(cycle.Decisions) == 0 {
		return nil
	}
	rows := make([]decisionRow, 0, len(cycle.Decisions))
	for i, decision := range cycle.Decisions {
		row, err := rowOfDecision(cycle, i, decision)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func rowOfDecision(cycle trade.Cycle, position int, decision trade.Decision) (decisionRow, error) {
	row := decisionRow{
		CycleID: cycle.ID, Position: position, AccountID: cycle.AccountID, UserID: cycle.UserID,
		Symbol: decision.Signal.Symbol, Action: decision.Signal.Action, Skip: decision.Skip,
	}
	explained := explanation{Signal: decision.Signal}
	if journaled(cycle, decision) {
		row.ClientOrderID = &decision.Intent.ClientOrderID
	} else {
		explained.Intent = decision.Intent
	}
	text, err := json.Marshal(explained)
	if err != nil {
		return decisionRow{}, fmt.Errorf("encode decision on %s: %w", decision.Signal.Symbol, err)
	}
	row.Explanation = string(text)
	return row, nil
}

func intentEntries(cycle trade.Cycle) []audit.Entry {
	var entries []audit.Entry
	for _, decision := range cycle.Decisions {
		if journaled(cycle, decision) {
			entries = append(entries, intentEntry(*decision.Intent))
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
