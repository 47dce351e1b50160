package trade

// Lease is the right to act for one account until it expires; Epoch rises with each new holder.
type Lease struct {
	AccountID string
	Holder    string
	Epoch     int64
}
