package store_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// BenchmarkCheckSealed is what opening broker keys costs besides decryption, for an account that
// the audit log names 5,000 times.
func BenchmarkCheckSealed(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		s := storetest.Open(b, address(b), store.Options{})
		ring, err := secret.NewKeyring(secret.GenerateKey())
		if err != nil {
			b.Fatal(err)
		}
		user := register(b, s, ring, "ann")
		account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: "paper", Paper: true, SealedKey: []byte{1}, SealedSecret: []byte{2}}
		if _, err := s.CreateAccount(b.Context(), account, audit.Entry{Action: audit.AccountCreated, Target: "account:" + account.ID}); err != nil {
			b.Fatal(err)
		}
		for range 5000 {
			if err := s.Append(b.Context(), audit.Entry{Action: audit.AutoTradeCycle, Target: "account:" + account.ID}); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			if err := s.CheckSealed(b.Context(), account); err != nil {
				b.Fatal(err)
			}
		}
	})
}
