package store

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// orderRow is the part of an order that changes.
type orderRow struct {
	bun.BaseModel `bun:"table:orders"`

	AccountID      string
	ClientOrderID  string
	UserID         string
	State          trade.OrderState
	BrokerOrderID  string
	BrokerStatus   string
	FilledQty      decimal.Decimal
	FilledAvgPrice decimal.NullDecimal
	Problem        string
	RequestID      string
	SentTwice      bool
	Epoch          int64
	SubmittedAt    instant
	FilledAt       instant
	UpdatedAt      instant
}

func rowOfOrder(o trade.Order) orderRow {
	return orderRow{
		AccountID: o.Intent.AccountID, ClientOrderID: o.Intent.ClientOrderID, UserID: o.Intent.UserID,
		State: o.State, BrokerOrderID: o.BrokerOrderID, BrokerStatus: o.BrokerStatus,
		FilledQty: o.FilledQty, FilledAvgPrice: o.FilledAvgPrice, Problem: o.Problem, RequestID: o.RequestID,
		SentTwice: o.SentTwice, Epoch: o.Epoch, SubmittedAt: at(o.SubmittedAt), FilledAt: at(o.FilledAt), UpdatedAt: at(o.UpdatedAt),
	}
}

func (r orderRow) order(intent intentRow) trade.Order {
	return trade.Order{
		Intent: intent.intent(), State: r.State, BrokerOrderID: r.BrokerOrderID, BrokerStatus: r.BrokerStatus,
		FilledQty: r.FilledQty, FilledAvgPrice: r.FilledAvgPrice, Problem: r.Problem, RequestID: r.RequestID,
		SentTwice: r.SentTwice, Epoch: r.Epoch, SubmittedAt: r.SubmittedAt.Time, FilledAt: r.FilledAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func insertOrders(ctx context.Context, tx bun.Tx, intents []intentRow, written map[string]bool) error {
	var rows []orderRow
	for _, intent := range intents {
		if written[intent.ID] {
			rows = append(rows, orderRow{
				AccountID: intent.AccountID, ClientOrderID: intent.ClientOrderID, UserID: intent.UserID,
				State: trade.Journaled, UpdatedAt: intent.CreatedAt,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// UnresolvedOrders returns the account's orders in state journaled, submitting or unknown, oldest
// first.
func (s *Store) UnresolvedOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	return s.ordersInState(ctx, accountID, trade.Journaled, trade.Submitting, trade.Unknown)
}

// LiveOrders returns the account's orders that the broker has and that are not terminal, oldest
// first.
func (s *Store) LiveOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	return s.ordersInState(ctx, accountID, trade.Accepted, trade.PartiallyFilled)
}

func (s *Store) ordersInState(ctx context.Context, accountID string, states ...trade.OrderState) ([]trade.Order, error) {
	open, err := s.openOrders.of(ctx, accountID)
	return slices.DeleteFunc(slices.Clone(open), func(order trade.Order) bool { return !slices.Contains(states, order.State) }), explain(err)
}

// readOpenOrders returns the accounts' orders that are not terminal, oldest first.
func (s *Store) readOpenOrders(ctx context.Context, accounts []string) ([]trade.Order, error) {
	return s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id IN (?)", bun.In(accounts)). // the states of the index
										Where("o.state IN ('journaled', 'submitting', 'unknown', 'accepted', 'partially_filled')").
										Order("i.created_at", "i.client_order_id")
	})
}

// JournaledOrders returns an account's newest journaled orders, newest first.
func (s *Store) JournaledOrders(ctx context.Context, userID, accountID string, limit int) ([]trade.Order, error) {
	return s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id = ? AND o.user_id = ?", accountID, userID).
			Order("i.created_at DESC", "i.client_order_id DESC").Limit(int64(limit))
	})
}

// selectOrders reads orders (o, joined with their intents i) and then the intents, which never
// change.
func (s *Store) selectOrders(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]trade.Order, error) {
	var rows []orderRow
	query := s.read.NewSelect().Model(&rows).ModelTableExpr("orders AS o").ColumnExpr("o.*").
		Join("JOIN intents AS i ON i.account_id = o.account_id AND i.client_order_id = o.client_order_id")
	if err := narrow(query).Scan(ctx); err != nil || len(rows) == 0 {
		return nil, explain(err)
	}
	intents, err := s.intentsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	orders := make([]trade.Order, 0, len(rows))
	for _, row := range rows {
		orders = append(orders, row.order(intents[orderKey{row.AccountID, row.ClientOrderID}]))
	}
	return orders, s.addLegs(ctx, orders)
}

// orderKey names an order: by the account's id, and the client order id or the broker's.
type orderKey struct{ account, id string }

func (s *Store) intentsOf(ctx context.Context, orders []orderRow) (map[orderKey]intentRow, error) {
	keys := make([]orderKey, 0, len(orders))
	for _, order := range orders {
		keys = append(keys, orderKey{order.AccountID, order.ClientOrderID})
	}
	var rows []intentRow
	err := s.givenOrders(s.read, keys, `SELECT intents.* FROM given
		JOIN intents ON intents.account_id = given.account_id AND intents.client_order_id = given.id`).Scan(ctx, &rows)
	intents := make(map[orderKey]intentRow, len(rows))
	for _, row := range rows {
		intents[orderKey{row.AccountID, row.ClientOrderID}] = row
	}
	return intents, explain(err)
}

// givenOrders is given with the names of orders: account_id and id.
func (s *Store) givenOrders(db bun.IDB, keys []orderKey, statement string) *bun.RawQuery {
	rows := make([][]any, len(keys))
	for i, key := range keys {
		rows[i] = []any{key.account, key.id}
	}
	return s.given(db, "account_id TEXT, id TEXT", rows, statement)
}

// ClaimOrder moves a journaled or unknown order to submitting under the lease's epoch, if the order
// is still in order.State, nobody has taken the lease and no later epoch has claimed it; a fault of
// kind Conflict otherwise. Of several claims exactly one succeeds. It is refused with
// trade.ErrStopped when the standing in force does not allow it: a claim and a change of the
// standing wait for each other, so one that was committed is seen by every later claim.
func (s *Store) ClaimOrder(ctx context.Context, lease trade.Lease, order trade.Order) (trade.Order, error) {
	claimed := order
	if err := claimed.Apply(trade.Claimed); err != nil {
		return order, fault.Because(err, fault.Conflict, "This order cannot be sent any more.")
	}
	claimed.Epoch, claimed.UpdatedAt = lease.Epoch, at(s.clock.Now()).Time
	if _, err := claiming.act(ctx, s, s.claims, claim{lease: lease, order: order, claimed: claimed}); err != nil {
		return order, err
	}
	return claimed, nil
}

type claim struct {
	lease   trade.Lease
	order   trade.Order // as it is
	claimed trade.Order
}

func (c *claim) clientOrderID() string { return c.order.Intent.ClientOrderID }

// claiming has a group of its own: a claim waits for other claims only.
var claiming = &kind[claim]{
	about: func(c *claim) string { return c.lease.AccountID },
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[claim]) error {
		all, err := holdLeases(ctx, s, tx, all, func(c *claim) trade.Lease { return c.lease })
		if err != nil || len(all) == 0 {
			return err
		}
		if all, err = s.mayOrder(ctx, tx, all); err != nil || len(all) == 0 {
			return err
		}
		rows := make([][]any, len(all))
		for i, c := range all {
			after := c.of.claimed
			rows[i] = []any{
				c.of.lease.AccountID, c.of.clientOrderID(), c.of.order.State,
				after.State, after.Epoch, after.SentTwice, at(after.UpdatedAt), at(c.of.order.SubmittedAt),
			}
		}
		columns := "account_id TEXT, id TEXT, known TEXT, state TEXT, epoch BIGINT, sent_twice BOOLEAN, updated_at BIGINT, submitted_at BIGINT"
		_, err = refuseOthers(ctx, all, (*claim).clientOrderID, fault.New(fault.Conflict, "Another process is sending this order."),
			s.given(tx, columns, rows, `UPDATE orders SET state = given.state, epoch = given.epoch, sent_twice = given.sent_twice,
				updated_at = given.updated_at, submitted_at = COALESCE(orders.submitted_at, given.submitted_at) FROM given
				WHERE orders.account_id = given.account_id AND orders.client_order_id = given.id AND orders.state = given.known
				AND orders.epoch <= given.epoch AND (orders.state <> 'submitting' OR orders.epoch < given.epoch)
				RETURNING orders.client_order_id`))
		return err
	},
}

// RecordOrder stores the order's new state, its legs, and fills that are not known yet; a fill that
// is known (same account and execution id) changes nothing. Late news never undoes what is known:
// see trade.Order.Outdated.
func (s *Store) RecordOrder(ctx context.Context, order trade.Order, fills []trade.Fill) error {
	order.UpdatedAt = s.clock.Now()
	_, err := reporting.act(ctx, s, s.cycling, orderReport{order: order, fills: fillsOf(order, fills)})
	return err
}

// orderReport is what is known anew of one order.
type orderReport struct {
	order trade.Order
	fills []fillRow
}

func (r *orderReport) key() orderKey {
	return orderKey{r.order.Intent.AccountID, r.order.Intent.ClientOrderID}
}

var reporting = &kind[orderReport]{
	about: func(r *orderReport) string { return r.order.Intent.AccountID + " " + r.order.Intent.ClientOrderID },
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[orderReport]) error {
		known, err := s.lockOrders(ctx, tx, all)
		if err != nil {
			return err
		}
		var news []trade.Order
		var legs []legRow
		var fills []fillRow
		for _, report := range all {
			row, there := known[report.of.key()]
			if !there {
				report.refused = fault.New(fault.NotFound, "There is no such order in the journal.")
				continue
			}
			if !report.of.order.Outdated(row.order(intentRow{})) {
				news = append(news, report.of.order)
			}
			legs, fills = append(legs, legsOf(report.of.order)...), append(fills, report.of.fills...)
		}
		if err := s.updateOrders(ctx, tx, news); err != nil {
			return err
		}
		if err := insertLegs(ctx, tx, legs); err != nil {
			return err
		}
		return s.insertFills(ctx, tx, fills)
	},
}

func (s *Store) lockOrders(ctx context.Context, tx bun.Tx, all []*one[orderReport]) (map[orderKey]orderRow, error) {
	keys := make([]orderKey, len(all))
	for i, report := range all {
		keys[i] = report.of.key()
	}
	var rows []orderRow
	err := s.givenOrders(tx, keys, `SELECT orders.* FROM given JOIN orders ON orders.account_id = given.account_id AND orders.client_order_id = given.id
		ORDER BY orders.account_id, orders.client_order_id`+s.dialect.forUpdateOf("orders")).Scan(ctx, &rows)
	known := make(map[orderKey]orderRow, len(rows))
	for _, row := range rows {
		known[orderKey{row.AccountID, row.ClientOrderID}] = row
	}
	return known, err
}

func (s *Store) updateOrders(ctx context.Context, tx bun.Tx, orders []trade.Order) error {
	if len(orders) == 0 {
		return nil
	}
	rows := make([][]any, len(orders))
	for i, order := range orders {
		r := rowOfOrder(order)
		rows[i] = []any{
			r.AccountID, r.ClientOrderID, r.State, r.BrokerOrderID, r.BrokerStatus, r.FilledQty, r.FilledAvgPrice,
			r.Problem, r.RequestID, r.SubmittedAt, r.FilledAt, r.UpdatedAt,
		}
	}
	columns := "account_id TEXT, id TEXT, state TEXT, broker_order_id TEXT, broker_status TEXT, filled_qty MONEY, filled_avg_price MONEY, " +
		"problem TEXT, request_id TEXT, submitted_at BIGINT, filled_at BIGINT, updated_at BIGINT"
	_, err := s.given(tx, columns, rows, `UPDATE orders SET state = given.state, broker_order_id = given.broker_order_id,
		broker_status = given.broker_status, filled_qty = given.filled_qty, filled_avg_price = given.filled_avg_price,
		problem = given.problem, request_id = given.request_id, submitted_at = given.submitted_at, filled_at = given.filled_at,
		updated_at = given.updated_at FROM given
		WHERE orders.account_id = given.account_id AND orders.client_order_id = given.id`).Exec(ctx)
	return err
}
