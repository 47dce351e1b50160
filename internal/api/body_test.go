package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
)

func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	v := setup(t).withAccount("ann")
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{``, 400, "needs a JSON body"},
		{`{`, 400, "ends too early"},
		{`{"symbol":"AAPL"`, 400, "ends too early"},
		{`{"symbol":AAPL}`, 400, "not valid JSON near byte"},
		{`{'symbol':'AAPL'}`, 400, "not valid JSON"},
		{`{"symbol":"AAPL",}`, 400, "not valid JSON"},
		{`{"symbol":"AAPL"} trailing`, 400, "something after"},
		{`{"symbol":"AAPL"}{"symbol":"MSFT"}`, 400, "something after"},
		{`{"symbol":"AAPL","symbol":"MSFT"}`, 400, `has the key "symbol" twice`},
		{`{"symbol":"AAPL","SYMBOL":"MSFT"}`, 400, `has the key "SYMBOL" twice`},
		{`{"symbol":"AAPL","extra":1}`, 400, `The field "extra" is not known.`},
		{`{}`, 400, `The field "symbol" is missing.`},
		{`{"symbol":null}`, 400, `null for "symbol"`},
		{`{"symbol":7}`, 400, `The field "symbol" must be: string.`},
		{`{"symbol":["AAPL"]}`, 400, `The field "symbol" must be: string.`},
		{`[]`, 400, "object"},
		{`"AAPL"`, 400, "object"},
		{`null`, 400, "null where it needs a value"},
		{`{"symbol":[null]}`, 400, "null where it needs a value"},
		{"{\"symbol\":\"\xff\"}", 400, "UTF-8"},
		{deep, 400, "nested too deeply"},
		{`{"symbol":"` + strings.Repeat("A", 1<<20) + `"}`, 413, "1 MiB"},
	} {
		said := v.call("POST", "/api/watchlist", test.body, "Content-Type", "application/json").problem(test.status)
		if !strings.Contains(said, test.says) {
			t.Errorf("%.60s: said %q, want something with %q", test.body, said, test.says)
		}
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonp"} {
		v.call("POST", "/api/watchlist", `{"symbol":"AAPL"}`, "Content-Type", contentType).problem(415)
	}
	v.call("POST", "/api/watchlist", `{"symbol":"AAPL"}`, "Content-Type", "application/json; charset=utf-8").want(201)
	v.call("GET", "/api/watchlist", nil).json(`[{"symbol":"AAPL","name":"Apple Inc. Common Stock"}]`)
}

func TestSecretsInBadBodiesAreNotRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.visitor()
	for _, body := range []string{
		`{"username":"ann","email":"ann@example.com","password":["hunter2secret"]}`,
		`{"username":"ann","email":"ann@example.com","password":"hunter2secret","extra":"hunter2secret"}`,
		`{"username":"ann","email":"ann@example.com","password":"hunter2secret"`,
		`{"username":"ann","email":"not an address","password":"hunter2secret"}`,
	} {
		if answer := v.call("POST", "/api/auth/register", body).want(400); strings.Contains(answer.text, "hunter2") {
			t.Errorf("%s: the answer repeats the password: %s", body, answer.text)
		}
	}
	if strings.Contains(b.log.String(), "hunter2") {
		t.Error("the log repeats the password")
	}
}

// FuzzBody: what the body check lets pass, encoding/json reads; it never panics, and what
// encoding/json refuses it refuses too.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[1,{"b":[]}]`, `{"a":1,"A":2}`, `{`, `nul`, "\xff", `{"a":{"a":{}}} x`, `1e999`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var value any
		err := api.CheckJSON(data)
		if read := json.Unmarshal(data, &value); err == nil && read != nil && !strings.Contains(read.Error(), "cannot unmarshal number") {
			t.Fatalf("%q passes the check but cannot be read: %v", data, read)
		}
		if err != nil && !strings.HasSuffix(err.Error(), ".") {
			t.Fatalf("%q: %q is no sentence's end", data, err)
		}
	})
}
