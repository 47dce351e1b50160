package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// legRow says which of our orders brought a broker's order along.
type legRow struct {
	bun.BaseModel `bun:"table:order_legs"`

	AccountID     string
	BrokerOrderID string
	ClientOrderID string
	Type          trade.OrderType
}

func legsOf(order trade.Order) []legRow {
	rows := make([]legRow, 0, len(order.Legs))
	for _, leg := range order.Legs {
		rows = append(rows, legRow{
			AccountID: order.Intent.AccountID, BrokerOrderID: leg.BrokerOrderID,
			ClientOrderID: order.Intent.ClientOrderID, Type: leg.Type,
		})
	}
	return rows
}

func insertLegs(ctx context.Context, tx bun.Tx, rows []legRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, broker_order_id) DO NOTHING").Exec(ctx)
	return err
}

// addLegs reads the orders' legs into them.
func (s *Store) addLegs(ctx context.Context, orders []trade.Order) error {
	places, keys := map[orderKey]*trade.Order{}, []orderKey{}
	for i := range orders {
		if class := orders[i].Intent.Class; class != "" && class != trade.SimpleOrder {
			key := orderKey{orders[i].Intent.AccountID, orders[i].Intent.ClientOrderID}
			places[key], keys = &orders[i], append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var rows []legRow
	err := s.givenOrders(s.read, keys, `SELECT order_legs.* FROM given
		JOIN order_legs ON order_legs.account_id = given.account_id AND order_legs.client_order_id = given.id
		ORDER BY order_legs.client_order_id, order_legs.broker_order_id`).Scan(ctx, &rows)
	for _, row := range rows {
		order := places[orderKey{row.AccountID, row.ClientOrderID}]
		order.Legs = append(order.Legs, trade.Leg{BrokerOrderID: row.BrokerOrderID, Type: row.Type})
	}
	return explain(err)
}

// ownerRow says which of our orders a broker's order belongs to.
type ownerRow struct{ AccountID, BrokerOrderID, ClientOrderID string }

func (r ownerRow) key() orderKey { return orderKey{r.AccountID, r.BrokerOrderID} }

// Owners returns the client order ids of our orders that the broker's ids belong to, legs too.
func (s *Store) Owners(ctx context.Context, accountID string, brokerOrderIDs []string) (map[string]string, error) {
	keys := make([]orderKey, len(brokerOrderIDs))
	for i, id := range brokerOrderIDs {
		keys[i] = orderKey{accountID, id}
	}
	rows, err := s.owned.of(ctx, keys...)
	found := make(map[string]string, len(rows))
	for _, row := range rows {
		found[row.BrokerOrderID] = row.ClientOrderID
	}
	return found, explain(err)
}

func (s *Store) readOwners(ctx context.Context, db bun.IDB, keys []orderKey) (rows []ownerRow, err error) {
	err = s.givenOrders(db, keys, `SELECT orders.account_id, orders.broker_order_id, orders.client_order_id
		FROM given JOIN orders ON orders.account_id = given.account_id AND orders.broker_order_id = given.id
		UNION ALL SELECT order_legs.account_id, order_legs.broker_order_id, order_legs.client_order_id
		FROM given JOIN order_legs ON order_legs.account_id = given.account_id AND order_legs.broker_order_id = given.id`).Scan(ctx, &rows)
	return rows, err
}

// OrderOf returns the journal's order that the broker's is, or is a leg of; a fault of kind NotFound
// for somebody else's.
func (s *Store) OrderOf(ctx context.Context, accountID string, order trade.BrokerOrder) (trade.Order, error) {
	id := order.ClientOrderID
	known, err := s.Owners(ctx, accountID, []string{order.ID})
	if err != nil {
		return trade.Order{}, err
	}
	if owner, ours := known[order.ID]; ours {
		id = owner
	}
	orders, err := s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id = ? AND o.client_order_id = ?", accountID, id)
	})
	if err != nil {
		return trade.Order{}, err
	}
	if len(orders) == 0 {
		return trade.Order{}, fault.New(fault.NotFound, "This program has not made the order.")
	}
	return orders[0], nil
}
