package desk_test

import (
	"net/http"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestOrdersKeepTheBrokersRequest: what the broker calls the request is in the journal, also after
// later news of the order and where the answer was a refusal.
func TestOrdersKeepTheBrokersRequest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		refused := false
		h.expect(func(w http.ResponseWriter, body []byte, pass func(http.ResponseWriter, []byte)) {
			if refused {
				pass(w, body)
				return
			}
			refused = true
			w.Header().Set("X-Request-ID", "refusal")
			status(403, `{"code":40310000,"message":"insufficient buying power"}`)(w, body, pass)
		})
		if _, err := h.run(t); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for id, order := range h.journal(t) {
			if order.RequestID == "" || seen[order.RequestID] || (order.RequestID == "refusal") != (order.State == trade.Rejected) {
				t.Errorf("%s is %s, the broker's request %q", id, order.State, order.RequestID)
			}
			seen[order.RequestID] = true
		}
		if len(seen) < 2 || !seen["refusal"] {
			t.Errorf("requests: %v", seen)
		}
	})
}
