package auth_test

import (
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

func TestSessionFactsAreReadFromWhatScsWrites(t *testing.T) {
	t.Parallel()
	data, err := scs.GobCodec{}.Encode(time.Now(), map[string]any{
		auth.SessionUser: "u1", auth.SessionAddress: "192.0.2.1", auth.SessionUserAgent: "Browser",
		auth.SessionID: "s1", auth.SessionBegan: int64(1700000000), "seen": int64(5),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := auth.SessionFactsOf(data), (auth.SessionFacts{UserID: "u1", Address: "192.0.2.1", UserAgent: "Browser", ID: "s1", Began: time.Unix(1700000000, 0).UTC()}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := auth.SessionFactsOf([]byte("damaged")); got != (auth.SessionFacts{}) {
		t.Errorf("%+v from damaged data", got)
	}
}
