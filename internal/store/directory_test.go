package store_test

import (
	"fmt"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// BenchmarkListUsers reads pages of 50 among 10,000 users with 20,000 sessions: the first, one at
// the end, a search for one user and a search for nobody, which looks at everybody.
func BenchmarkListUsers(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		s := storetest.Open(b, address(b), store.Options{})
		fill(b, s, 10000)
		for _, asked := range []struct {
			name  string
			query auth.UserQuery
			users int
		}{
			{"first", auth.UserQuery{}, 50},
			{"last", auth.UserQuery{After: "user19900"}, 50},
			{"found", auth.UserQuery{Text: "user15555"}, 1},
			{"nobody", auth.UserQuery{Text: "nobody"}, 0},
		} {
			b.Run(asked.name, func(b *testing.B) {
				for b.Loop() {
					page, err := s.ListUsers(b.Context(), asked.query)
					if err != nil || len(page.Users) != asked.users {
						b.Fatal(len(page.Users), err)
					}
				}
			})
		}
	})
}

// fill inserts users user10001 and so on, each with two sessions.
func fill(b *testing.B, s *store.Store, count int) {
	b.Helper()
	counted := fmt.Sprintf(" WITH RECURSIVE n(i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT ", 10000+count)
	for _, statement := range []string{
		"INSERT INTO users (id, username, username_key, email, email_key, password_hash, role, disabled, created_at)" + counted +
			"'id' || i, 'user' || i, 'user' || i, 'user' || i || '@example.org', 'user' || i || '@example.org', 'hash', 'trader', FALSE, 1 FROM n",
		"INSERT INTO sessions (token, user_id, data, address, user_agent, created_at, seen_at, expires_at)" + counted +
			"'a' || i, 'id' || i, '', '', '', 1, 1, 9000000000000000 FROM n",
		"INSERT INTO sessions (token, user_id, data, address, user_agent, created_at, seen_at, expires_at)" + counted +
			"'b' || i, 'id' || i, '', '', '', 1, 1, 9000000000000000 FROM n",
		"ANALYZE", // as autovacuum would by and by
	} {
		if _, err := s.Writer().Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
}
