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

func insertLegs(ctx context.Context, tx bun.Tx, order trade.Order) error {
	if len(order.Legs) == 0 {
		return nil
	}
	rows := make([]legRow, 0, len(order.Legs))
	for _, leg := range order.Legs {
		rows = append(rows, legRow{
			AccountID: order.Intent.AccountID, BrokerOrderID: leg.BrokerOrderID,
			ClientOrderID: order.Intent.ClientOrderID, Type: leg.Type,
		})
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, broker_order_id) DO NOTHING").Exec(ctx)
	return err
}

// addLegs reads the legs of one account's orders into them.
func (s *Store) addLegs(ctx context.Context, accountID string, orders []trade.Order) error {
	places := map[string]*trade.Order{}
	for i := range orders {
		if class := orders[i].Intent.Class; class != "" && class != trade.SimpleOrder {
			places[orders[i].Intent.ClientOrderID] = &orders[i]
		}
	}
	if len(places) == 0 {
		return nil
	}
	ids := make([]string, 0, len(places))
	for id := range places {
		ids = append(ids, id)
	}
	var rows []legRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ? AND client_order_id IN (?)", accountID, bun.In(ids)).
		Order("client_order_id", "broker_order_id").Scan(ctx)
	for _, row := range rows {
		order := places[row.ClientOrderID]
		order.Legs = append(order.Legs, trade.Leg{BrokerOrderID: row.BrokerOrderID, Type: row.Type})
	}
	return explain(err)
}

// Owners returns the client order ids of our orders that the broker's ids belong to, legs too.
func (s *Store) Owners(ctx context.Context, accountID string, brokerOrderIDs []string) (map[string]string, error) {
	return owners(ctx, s.read, accountID, brokerOrderIDs)
}

func owners(ctx context.Context, db bun.IDB, accountID string, brokerOrderIDs []string) (map[string]string, error) {
	found := map[string]string{}
	if len(brokerOrderIDs) == 0 {
		return found, nil
	}
	var rows []struct{ BrokerOrderID, ClientOrderID string }
	ids := bun.In(brokerOrderIDs)
	err := db.NewRaw(`SELECT broker_order_id, client_order_id FROM orders WHERE account_id = ? AND broker_order_id IN (?)
		UNION ALL SELECT broker_order_id, client_order_id FROM order_legs WHERE account_id = ? AND broker_order_id IN (?)`,
		accountID, ids, accountID, ids).Scan(ctx, &rows)
	for _, row := range rows {
		found[row.BrokerOrderID] = row.ClientOrderID
	}
	return found, explain(err)
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
