package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
)

// access says what each route answers to whom. A route that is not here fails the test.
type access struct {
	body     string // what a rightful user sends
	nobody   int    // status without a session
	viewer   int    // status for a user who may only look
	stranger int    // status for another user who names the first one's things
}

var routeAccess = map[string]access{
	"GET /health":             {nobody: 200, viewer: 200, stranger: 200},
	"GET /api/session":        {nobody: 200, viewer: 200, stranger: 200},
	"POST /api/auth/register": {`{"username":"x"}`, 400, 400, 400},
	"POST /api/auth/login":    {`{"username":"x","password":"y"}`, 401, 401, 401},
	"POST /api/auth/logout":   {``, 200, 200, 200},
	"GET /logout":             {``, 303, 303, 303},

	"POST /api/auth/verify-2fa":    {`{"token":"123456"}`, 400, 400, 400},
	"POST /api/auth/step-up":       {`{"token":"123456"}`, 401, 400, 400},
	"GET /api/security":            {``, 401, 200, 200},
	"POST /api/auth/password":      {`{"current_password":"not the password","new_password":"another good one"}`, 401, 401, 401},
	"POST /api/auth/email":         {`{"email":"nobody"}`, 401, 400, 400},
	"POST /api/2fa/setup":          {``, 401, 200, 200},
	"GET /api/2fa/qrcode":          {``, 401, 404, 404},
	"POST /api/2fa/enable":         {`{"token":"123456"}`, 401, 404, 404},
	"POST /api/2fa/disable":        {`{"password":"not the password"}`, 401, 401, 401},
	"POST /api/2fa/recovery-codes": {``, 401, 400, 400},
	"GET /api/sessions":            {``, 401, 200, 200},
	"DELETE /api/sessions":         {``, 401, 200, 200},
	"DELETE /api/sessions/{id}":    {``, 401, 404, 404}, // the id is the owner's

	"GET /api/account":           {``, 401, 400, 400},
	"GET /api/positions":         {``, 401, 400, 400},
	"GET /api/orders":            {``, 401, 400, 400},
	"GET /api/portfolio-history": {``, 401, 400, 400},
	"GET /api/signals":           {``, 401, 400, 400},
	"GET /api/cycles":            {``, 401, 400, 400},
	"GET /api/scheduler-status":  {``, 401, 200, 200},
	"GET /api/stream":            {``, 401, 0, 0}, // 0: it does not end by itself; stream_test.go asks

	"GET /api/watchlist":             {``, 401, 200, 200},
	"POST /api/watchlist":            {`{"symbol":"SPY"}`, 401, 403, 400},
	"DELETE /api/watchlist/{symbol}": {``, 401, 403, 404},

	"GET /api/indicators": {``, 401, 200, 200},
	"PUT /api/indicators": {`{"schedule_enabled":false}`, 401, 403, 400},
	"GET /api/settings":   {``, 401, 200, 200},
	"PUT /api/settings":   {`{"max_positions":9}`, 401, 403, 200},

	"GET /api/tokens":         {``, 401, 200, 200},
	"POST /api/tokens":        {`{"name":"","scopes":[]}`, 401, 400, 400},
	"DELETE /api/tokens/{id}": {``, 401, 404, 404},

	"GET /api/accounts":                  {``, 401, 200, 200},
	"POST /api/accounts":                 {`{"name":"","api_key":"k","secret_key":"s"}`, 401, 403, 400},
	"PUT /api/accounts/{name}":           {`{"name":"stolen"}`, 401, 403, 404},
	"DELETE /api/accounts/{name}":        {``, 401, 403, 404},
	"POST /api/accounts/{name}/activate": {``, 401, 403, 404},
}

// listedRoutes reads the routes from the description that clients get.
func listedRoutes(t *testing.T) []string {
	t.Helper()
	description, err := api.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(description, &document); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, methods := range document.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	routes := listedRoutes(t)
	if known := slices.Sorted(maps.Keys(routeAccess)); !slices.Equal(routes, known) {
		t.Fatalf("the routes are\n%q\nbut this test knows\n%q", routes, known)
	}
	for _, route := range routes {
		t.Run(route, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			owner := b.withAccount("owner")
			owner.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
			method, path, _ := strings.Cut(route, " ")
			path = strings.NewReplacer("/api/sessions/{id}", "/api/sessions/"+owner.sessionID(), "{name}", "paper", "{symbol}", "AAPL").Replace(path)
			expected := routeAccess[route]
			for who, asking := range map[string]struct {
				visitor *visitor
				status  int
			}{
				"nobody": {b.visitor(), expected.nobody}, "a viewer": {b.viewer("viewer"), expected.viewer}, "another user": {b.user("stranger"), expected.stranger},
			} {
				if asking.status == 0 {
					continue
				}
				var body any
				if expected.body != "" {
					body = expected.body
				}
				answer := asking.visitor.call(method, path, body)
				if answer.status != asking.status {
					t.Errorf("%s: %d, want %d: %s", who, answer.status, asking.status, answer.text)
				}
				for _, private := range []string{"Apple", "PKTEST", "owner@", "100250"} {
					if strings.Contains(answer.text, private) {
						t.Errorf("%s is told %q: %s", who, private, answer.text)
					}
				}
			}
			owner.call("GET", "/api/watchlist", nil).want(200).json(`[{"symbol":"AAPL","name":"Apple Inc. Common Stock"}]`)
			accounts := owner.call("GET", "/api/accounts", nil).want(200).text
			if !strings.Contains(accounts, `"name":"paper"`) || !strings.Contains(accounts, `"active":true`) {
				t.Errorf("the owner's accounts were changed: %s", accounts)
			}
			if settings := owner.call("GET", "/api/settings", nil).want(200).text; !strings.Contains(settings, `"max_positions":5`) {
				t.Errorf("the owner's settings were changed: %s", settings)
			}
		})
	}
}

func TestTheDescriptionIsServedAndComplete(t *testing.T) {
	t.Parallel()
	description, err := api.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	served := setup(t).visitor().call("GET", "/openapi.json", nil).want(200)
	served.json(string(description))
	var document struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
			Security    []map[string][]string
			Permission  string `json:"x-permission"`
			Responses   map[string]struct{ Content map[string]json.RawMessage }
		}
	}
	served.decode(&document)
	if !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", document.OpenAPI)
	}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			public := routeAccess[strings.ToUpper(method)+" "+path].nobody != 401 || path == "/api/auth/login"
			if operation.OperationID == "" || operation.Summary == "" || public != (len(operation.Security) == 0) || public != (operation.Permission == "") {
				t.Errorf("%s %s: %+v", method, path, operation)
			}
			if _, ok := operation.Responses["default"].Content["application/problem+json"]; !ok {
				t.Errorf("%s %s does not describe its problems", method, path)
			}
		}
	}
}
