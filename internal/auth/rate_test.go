package auth_test

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestRates(t *testing.T) {
	t.Parallel()
	rates, err := auth.ParseRates(" 200/day; 50 / hour ;1000000/second")
	if err != nil || len(rates) != 3 || rates[0] != (auth.Rate{Count: 200, Window: 24 * time.Hour}) || rates[1] != (auth.Rate{Count: 50, Window: time.Hour}) {
		t.Fatalf("%v, %v", rates, err)
	}
	if rates.String() != "200/day;50/hour;1000000/second" {
		t.Errorf("written as %q", rates)
	}
	if older, err := auth.ParseRates("200 per day, 50 per hour"); err != nil || older.String() != "200/day;50/hour" {
		t.Errorf("the older way of writing gave %v, %v", older, err)
	}
	for _, wrong := range []string{"", "200 per", "per day", "200 per per day", ";", "200", "200/", "/day", "0/day", "-1/day", "1.5/day", "1000001/day", "5/week", "5/day;", "1/day;1/day;1/day;1/day;1/day", "1/day/day", "5/minute;3/minute"} {
		if rates, err := auth.ParseRates(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q gave %v, %v", wrong, rates, err)
		}
	}
}

func TestRatesHaveACeiling(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"200/day": "200/day;600/minute", "1000/minute": "600/minute", "5/minute;3/hour": "5/minute;3/hour", "1000000/second": "1000000/second;600/minute",
	} {
		rates, err := auth.ParseRates(given)
		if err != nil || rates.Within(auth.TokenCeiling).String() != want || rates.String() != given {
			t.Errorf("%s within the ceiling is %s, %v", given, rates.Within(auth.TokenCeiling), err)
		}
	}
}

func FuzzParseRates(f *testing.F) {
	for _, seed := range []string{"200/day;50/hour", "1/second", ";;", "9999999999999/day", "1/day\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := auth.ParseRates(text)
		if err != nil {
			return
		}
		if again, err := auth.ParseRates(rates.String()); err != nil || again.String() != rates.String() {
			t.Errorf("%q became %q, then %q, %v", text, rates, again, err)
		}
	})
}
