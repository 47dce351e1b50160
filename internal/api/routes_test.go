package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// access says what each route answers to whom. A route that is not here fails the test.
type access struct {
	body     string // what a rightful user sends
	nobody   int    // status without a session
	viewer   int    // status for a user who may only look
	stranger int    // status for another user, a trader, who names the first one's things
	admin    int    // status for an administrator who does; 0: as for any other user
}

var routeAccess = map[string]access{
	"GET /health":             {nobody: 200, viewer: 200, stranger: 200},
	"GET /livez":              {nobody: 200, viewer: 200, stranger: 200},
	"GET /readyz":             {nobody: 200, viewer: 200, stranger: 200},
	"GET /api/session":        {nobody: 200, viewer: 200, stranger: 200},
	"POST /api/auth/register": {`{"username":"x","email":"nobody","password":"y"}`, 400, 400, 400, 0},
	"POST /api/auth/login":    {`{"username":"x","password":"y"}`, 401, 401, 401, 0},
	"POST /api/auth/logout":   {``, 200, 200, 200, 0},
	"GET /logout":             {``, 303, 403, 403, 0}, // nothing says where the link was

	"POST /api/auth/verify-2fa":    {`{"token":"123456"}`, 400, 400, 400, 0},
	"POST /api/auth/step-up":       {`{"token":"123456"}`, 401, 400, 400, 0},
	"GET /api/security":            {``, 401, 200, 200, 0},
	"POST /api/auth/password":      {`{"current_password":"not the password","new_password":"another good one"}`, 401, 401, 401, 0},
	"POST /api/auth/email":         {`{"email":"nobody"}`, 401, 400, 400, 0},
	"POST /api/2fa/setup":          {``, 401, 200, 200, 0},
	"GET /api/2fa/qrcode":          {``, 401, 404, 404, 0},
	"POST /api/2fa/enable":         {`{"token":"123456"}`, 401, 404, 404, 0},
	"POST /api/2fa/disable":        {`{"password":"not the password"}`, 401, 401, 401, 0},
	"POST /api/2fa/recovery-codes": {``, 401, 400, 400, 0},
	"GET /api/sessions":            {``, 401, 200, 200, 0},
	"DELETE /api/sessions":         {``, 401, 200, 200, 0},
	"DELETE /api/sessions/{id}":    {``, 401, 404, 404, 0}, // the id is the owner's

	"GET /api/account":           {``, 401, 400, 400, 0},
	"GET /api/positions":         {``, 401, 400, 400, 0},
	"GET /api/orders":            {``, 401, 400, 400, 0},
	"GET /api/portfolio-history": {``, 401, 400, 400, 0},
	"GET /api/signals":           {``, 401, 400, 400, 0},
	"GET /api/cycles":            {``, 401, 400, 400, 0},
	"GET /api/scheduler-status":  {``, 401, 200, 200, 0},
	"GET /api/explain":           {``, 401, 400, 400, 0}, // it names no symbol
	"GET /api/stream":            {``, 401, 0, 0, 0},     // 0: it does not end by itself; stream_test.go asks

	"GET /api/watchlist":             {``, 401, 200, 200, 0},
	"POST /api/watchlist":            {`{"symbol":"SPY"}`, 401, 403, 400, 0},
	"DELETE /api/watchlist/{symbol}": {``, 401, 403, 404, 0},

	"GET /api/indicators": {``, 401, 200, 200, 0},
	"PUT /api/indicators": {`{"schedule_enabled":false}`, 401, 403, 400, 0},
	"GET /api/settings":   {``, 401, 200, 200, 0},
	"PUT /api/settings":   {`{"max_positions":4}`, 401, 403, 200, 0},

	"GET /api/schedule/next": {``, 401, 200, 200, 0},

	"GET /api/trading":          {``, 401, 200, 200, 0},
	"POST /api/trading/halt":    {`{"account":"paper"}`, 401, 403, 404, 0},
	"POST /api/trading/resume":  {`{"account":"paper"}`, 401, 403, 404, 0},
	"POST /api/trading/flatten": {`{"account":"paper"}`, 401, 403, 404, 0},

	"POST /api/passkeys/register/begin":  {``, 401, 400, 400, 0}, // by an IP address: browsers keep passkeys for names
	"POST /api/passkeys/register/finish": {`{"name":"x","credential":{}}`, 401, 400, 400, 0},
	"PUT /api/passkeys/{id}":             {`{"name":"stolen"}`, 401, 404, 404, 0},
	"DELETE /api/passkeys/{id}":          {``, 401, 404, 404, 0},
	"POST /api/auth/passkey/begin":       {`{"purpose":"sign_in"}`, 400, 400, 400, 0},
	"POST /api/auth/passkey/finish":      {`{"credential":{}}`, 400, 400, 400, 0},

	"GET /api/tokens":         {``, 401, 200, 200, 0},
	"POST /api/tokens":        {`{"name":"","scopes":[]}`, 401, 400, 400, 0},
	"DELETE /api/tokens/{id}": {``, 401, 404, 404, 0},

	"GET /api/accounts":                  {``, 401, 200, 200, 0},
	"POST /api/accounts":                 {`{"name":"","api_key":"k","secret_key":"s"}`, 401, 403, 400, 0},
	"PUT /api/accounts/{name}":           {`{"name":"stolen"}`, 401, 403, 404, 0},
	"DELETE /api/accounts/{name}":        {``, 401, 403, 404, 0},
	"POST /api/accounts/{name}/activate": {``, 401, 403, 404, 0},

	"POST /api/accounts/{name}/arm":         {`{"confirm_name":"paper"}`, 401, 403, 404, 0},
	"DELETE /api/accounts/{name}/arm":       {``, 401, 403, 404, 0},
	"POST /api/accounts/{name}/reconcile":   {`{"adopt":true}`, 401, 403, 404, 0},
	"GET /api/accounts/{name}/strategy":     {``, 401, 404, 404, 0},
	"PUT /api/accounts/{name}/strategy":     {`{"max_positions":4}`, 401, 403, 404, 0},
	"DELETE /api/accounts/{name}/strategy":  {``, 401, 403, 404, 0},
	"GET /api/accounts/{name}/watchlist":    {``, 401, 404, 404, 0},
	"PUT /api/accounts/{name}/watchlist":    {`{"symbols":["SPY"]}`, 401, 403, 404, 0},
	"DELETE /api/accounts/{name}/watchlist": {``, 401, 403, 404, 0},

	"POST /api/auth/set-password":               {`{"token":"none","new_password":"correct horse battery"}`, 403, 403, 403, 403},
	"GET /api/admin/users":                      {``, 401, 403, 403, 200},
	"POST /api/admin/users":                     {`{"username":"x","email":"x@example.com","role":"viewer"}`, 401, 403, 403, 400},
	"PUT /api/admin/users/{id}":                 {`{"role":"viewer"}`, 401, 403, 403, 200},
	"POST /api/admin/users/{id}/reset-password": {``, 401, 403, 403, 200},
	"POST /api/admin/users/{id}/reset-2fa":      {``, 401, 403, 403, 200},
	"DELETE /api/admin/users/{id}/sessions":     {``, 401, 403, 403, 200},
	"GET /api/admin/settings":                   {``, 401, 403, 403, 200},
	"PUT /api/admin/settings":                   {`{"registration":"open"}`, 401, 403, 403, 200},
	"GET /api/admin/trading":                    {``, 401, 403, 403, 200},
	"POST /api/admin/trading/flatten":           {`{"dry_run":true}`, 401, 403, 403, 200},
	"PUT /api/admin/trading":                    {`{"reason":"nothing changes"}`, 401, 403, 403, 200},
	"GET /api/admin/doctor":                     {``, 401, 403, 403, 200},
	"GET /api/admin/invites":                    {``, 401, 403, 403, 200},
	"POST /api/admin/invites":                   {`{"note":"for a friend"}`, 401, 403, 403, 201},
	"DELETE /api/admin/invites/{id}":            {``, 401, 403, 403, 200},
	"GET /api/admin/audit":                      {``, 401, 403, 403, 200},
	"GET /api/admin/audit/verify":               {``, 401, 403, 403, 200},
	"GET /api/admin/audit/export":               {``, 401, 403, 403, 200},
}

// listedRoutes reads the routes from the description that clients get.
func listedRoutes(t testing.TB) []string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	described(t, &document)
	var routes []string
	for path, methods := range document.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

// TestEveryRouteIsGuarded calls each route as nobody and as each role, naming somebody else's
// things, on both databases.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	routes := listedRoutes(t)
	if known := slices.Sorted(maps.Keys(routeAccess)); !slices.Equal(routes, known) {
		t.Fatalf("the routes are\n%q\nbut this test knows\n%q", routes, known)
	}
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		shared := setupOn(t, address)
		root := shared.user("root") // the first user: the others are no administrators
		for i, route := range routes {
			t.Run(route, func(t *testing.T) {
				t.Parallel()
				guarded{shared.in(t), root, route, fmt.Sprint(i)}.check()
			})
		}
	})
}

// guarded is one route under attack. Its users' names end in its number.
type guarded struct {
	*bench
	root   *visitor
	route  string
	number string
}

func (g guarded) check() {
	owner := g.withAccount("owner" + g.number)
	owner.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	method, path := g.address(owner)
	expected := routeAccess[g.route]
	if expected.admin == 0 {
		expected.admin = expected.stranger
	}
	admin := g.administrator("admin" + g.number)
	for _, asking := range []struct {
		who     string
		visitor *visitor
		status  int
	}{
		{"nobody", g.visitor(), expected.nobody}, {"a viewer", g.viewer("viewer" + g.number), expected.viewer},
		{"another user", g.user("stranger" + g.number), expected.stranger}, {"an administrator", admin, expected.admin},
	} {
		if asking.status == 0 {
			continue
		}
		if asking.who == "an administrator" {
			g.untouched(owner) // an administrator may do more
		}
		answer := asking.visitor.call(method, path, expected.content())
		if answer.status != asking.status {
			g.t.Errorf("%s: %d, want %d: %s", asking.who, answer.status, asking.status, answer.text)
		}
		if asking.visitor != admin || !strings.Contains(path, "/admin/") {
			g.tellsNothing(asking.who, answer)
		}
	}
	if !strings.Contains(path, "/admin/") {
		g.untouched(owner)
	}
}

// address names the owner's things in the route's path.
func (g guarded) address(owner *visitor) (method, path string) {
	method, path, _ = strings.Cut(g.route, " ")
	things := []string{"{name}", "paper", "{symbol}", "AAPL"}
	switch {
	case strings.HasPrefix(path, "/api/sessions/"):
		things = append(things, "{id}", owner.sessionID())
	case strings.HasPrefix(path, "/api/passkeys/{id}"):
		things = append(things, "{id}", g.passkey("holder"+g.number))
	case strings.HasPrefix(path, "/api/tokens/"):
		var made struct{ ID string }
		owner.call("POST", "/api/tokens", map[string]any{"name": "robot", "scopes": []string{"read"}}).want(201).decode(&made)
		things = append(things, "{id}", made.ID)
	case strings.HasPrefix(path, "/api/admin/users/"):
		things = append(things, "{id}", g.id("owner"+g.number))
	case strings.HasPrefix(path, "/api/admin/invites/"):
		var made struct{ ID string }
		root := &visitor{g.bench, g.root.client}
		root.call("POST", "/api/admin/invites", map[string]any{}).want(201).decode(&made)
		things = append(things, "{id}", made.ID)
	}
	return method, strings.NewReplacer(things...).Replace(path)
}

// passkey gives a new user a passkey and checks in the end that it is still there, under its name.
func (g guarded) passkey(holder string) string {
	g.create(auth.User{Username: holder, Role: auth.Trader})
	passkey := auth.Passkey{
		ID: uuid.NewString(), UserID: g.id(holder), Name: "key", CredentialID: []byte(holder), Record: []byte("{}"), CreatedAt: g.clock.Now(),
	}
	if _, err := g.store.CreatePasskey(g.t.Context(), passkey, []byte(holder), audit.Entry{At: g.clock.Now()}); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		kept, err := g.store.ListPasskeys(context.Background(), passkey.UserID)
		if err != nil || len(kept) != 1 || kept[0].Name != "key" {
			g.t.Errorf("the passkey became %+v, %v", kept, err)
		}
	})
	return passkey.ID
}

func (a access) content() any {
	if a.body == "" {
		return nil
	}
	return a.body
}

// tellsNothing checks that an answer holds nothing of the owner's.
func (g guarded) tellsNothing(who string, answer answer) {
	for _, private := range []string{"Apple", "PKTEST", "owner" + g.number, "100250"} {
		if strings.Contains(answer.text, private) {
			g.t.Errorf("%s is told %q: %s", who, private, answer.text)
		}
	}
}

// untouched checks that the owner's things are as they were.
func (g guarded) untouched(owner *visitor) {
	g.t.Helper()
	owner.call("GET", "/api/watchlist", nil).want(200).json(`[{"symbol":"AAPL","name":"Apple Inc. Common Stock"}]`)
	accounts := owner.call("GET", "/api/accounts", nil).want(200).text
	if !strings.Contains(accounts, `"name":"paper"`) || !strings.Contains(accounts, `"active":true`) {
		g.t.Errorf("the owner's accounts were changed: %s", accounts)
	}
	if settings := owner.call("GET", "/api/settings", nil).want(200).text; !strings.Contains(settings, `"max_positions":5`) {
		g.t.Errorf("the owner's settings were changed: %s", settings)
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
