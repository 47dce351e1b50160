package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// schema is what the tests below need of a JSON schema.
type schema struct {
	Ref        string `json:"$ref"`
	Type       kinds
	Enum       []any
	Properties map[string]schema
	Items      *schema
}

// kinds are the types that a schema allows: one, or a list of them.
type kinds []string

func (k *kinds) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(k))
}

func (s schema) is(kind string) bool { return slices.Contains(s.Type, kind) }

// bodySchemas returns the schema of every route's body, from the description that clients get.
func bodySchemas(t testing.TB) map[string]schema {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	described(t, &document)
	bodies := map[string]schema{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			if content, ok := operation.RequestBody.Content["application/json"]; ok {
				bodies[strings.ToUpper(method)+" "+path] = resolve(content.Schema, document.Components.Schemas)
			}
		}
	}
	return bodies
}

// resolve puts what a schema refers to in its place.
func resolve(s schema, known map[string]schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		s = known[name]
	}
	if s.Items != nil {
		items := resolve(*s.Items, known)
		s.Items = &items
	}
	properties := map[string]schema{}
	for name, property := range s.Properties {
		properties[name] = resolve(property, known)
	}
	s.Properties = properties
	return s
}

// texts returns the paths of all text fields in a body, such as "rate_limits.auth".
func (s schema) texts(prefix string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		switch {
		case property.is("object"):
			found = append(found, property.texts(prefix+name+".")...)
		case property.is("string"), property.is("array") && property.Items != nil && property.Items.is("string"):
			found = append(found, prefix+name)
		}
	}
	return found
}

// with returns the route's usual body with one more value at the path; a list where the schema has one.
func (s schema) with(usual, path string, value any) map[string]any {
	body := map[string]any{}
	if usual != "" {
		_ = json.Unmarshal([]byte(usual), &body) // it is written in this package
	}
	target := body
	name, rest, nested := strings.Cut(path, ".")
	for ; nested; name, rest, nested = strings.Cut(rest, ".") {
		inner := map[string]any{}
		target[name], s = inner, s.Properties[name]
		target = inner
	}
	if s.Properties[name].is("array") {
		value = []any{value}
	}
	target[name] = value
	return body
}

// hiddenFields are columns and facts that no request may set, in any route that does not say so.
var hiddenFields = []string{
	"role", "is_admin", "isAdmin", "admin", "id", "user_id", "userId", "username_key", "owner", "disabled", "active", "demo",
	"password_hash", "session_epoch", "two_factor", "verified", "created_at", "last_login", "sealed_key", "sealed_secret",
	"wrapped", "next_run_at", "Role", "ROLE", "__proto__", "$schema",
}

// settable are the hidden fields that are what a route is for.
var settable = map[string]bool{
	"POST /api/admin/invites role": true, "POST /api/admin/users role": true, "PUT /api/admin/users/{id} role": true, "PUT /api/admin/users/{id} disabled": true,
	"PUT /api/admin/settings rate_limits.admin": true, // the name of a limit
}

// columns are the names of all columns of the database that no user chooses: owners, times, hashes,
// sealed and wrapped bytes.
func (b *bench) columns() []string {
	b.t.Helper()
	rows, err := b.store.Writer().QueryContext(b.t.Context(), `SELECT DISTINCT c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
		AND (c.name LIKE '%\_id' ESCAPE '\' OR c.name LIKE '%\_at' ESCAPE '\' OR c.name LIKE '%hash%' OR c.name LIKE 'sealed%' OR c.name LIKE 'wrapped%')`)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.t.Fatal(err)
		}
		names = append(names, name)
	}
	if len(names) < 40 || rows.Err() != nil {
		b.t.Fatalf("only %d columns, %v", len(names), rows.Err())
	}
	return names
}

// target is the address of a route in a test that lets it name nothing that exists.
func target(route string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	return method, strings.NewReplacer("{id}", "00000000-0000-4000-8000-000000000000", "{name}", "none", "{symbol}", "NONE").Replace(path)
}

// TestNoHiddenFieldCanBeSet puts each hidden field into each body, at the top and in each object in
// it. No body knows one, nor a column that no user chooses, but those that a route is for.
func TestNoHiddenFieldCanBeSet(t *testing.T) {
	t.Parallel()
	root := setup(t).user("root")
	columns := root.columns()
	for route, body := range bodySchemas(t) {
		places := []string{""}
		for name, property := range body.Properties {
			if property.is("object") {
				places = append(places, name+".")
			}
		}
		method, path := target(route)
		for _, place := range places {
			inside := body.Properties[strings.TrimSuffix(place, ".")]
			if place == "" {
				inside = body
			}
			for _, field := range slices.Concat(hiddenFields, columns) {
				if _, known := inside.Properties[field]; known && !settable[route+" "+place+field] {
					t.Errorf("%s takes %s%s", route, place, field)
				}
			}
			for _, field := range hiddenFields {
				if _, known := inside.Properties[strings.ToLower(field)]; known {
					continue
				}
				answer := root.call(method, path, body.with(routeAccess[route].body, place+field, true))
				if said := answer.problem(400); !strings.Contains(said, field) {
					t.Errorf("%s with %s%s: %s", route, place, field, said)
				}
			}
		}
	}
	root.call("GET", "/api/admin/users", nil).want(200) // still administrator, still signed in
}

var metacharacters = []string{
	`'; DROP TABLE users; --`, `" OR ""="`, `\'; SELECT pg_sleep(9); --`, `?0 ?1 ?`, `$1`, `%' OR '1'='1`, `) UNION SELECT password_hash FROM users --`,
	`E'\x41'`, `/*`, "\u2019 OR 1=1", "line\r\nbreak", strings.Repeat("'", 300),
}

// TestTextIsOnlyText puts characters that mean something to SQL into each text of each body, path
// and query, on both databases: nothing breaks, nothing is lost, nothing is said of the inside.
func TestTextIsOnlyText(t *testing.T) {
	t.Parallel()
	schemas, parameters := bodySchemas(t), queryParameters(t)
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		b.user("root")
		bystander := b.withAccount("bystander")
		for i, route := range listedRoutes(t) {
			if route == "GET /api/stream" { // does not end by itself
				continue
			}
			v := b.administrator(fmt.Sprint("hostile", i)) // its own: some routes end sessions or slow down
			method, path := target(route)
			for _, text := range metacharacters {
				for _, field := range schemas[route].texts("") {
					harmless(t, fmt.Sprintf("%s: %s is %q", route, field, text), v.call(method, path, schemas[route].with(routeAccess[route].body, field, text)))
				}
				for _, path := range hostilePaths(route, text, parameters[route]) {
					harmless(t, method+" "+path, v.call(method, path, routeAccess[route].content()))
				}
			}
		}
		bystander.call("GET", "/api/accounts", nil).want(200)
		if log := b.log.String(); strings.Contains(log, "unexpected error") {
			t.Errorf("the log says: %s", log)
		}
		links, err := b.store.AuditLinks(t.Context(), 0, 100000)
		if err != nil || len(links) == 0 {
			t.Fatalf("%d audit entries, %v", len(links), err)
		}
	})
}

// queryParameters are the parameters that each route reads behind its path.
func queryParameters(t *testing.T) map[string][]string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	described(t, &document)
	found := map[string][]string{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			for _, parameter := range operation.Parameters {
				if parameter.In == "query" {
					route := strings.ToUpper(method) + " " + path
					found[route] = append(found[route], parameter.Name)
				}
			}
		}
	}
	return found
}

// hostilePaths puts the text into the route's path, and into each parameter alone: beside another
// that is refused it would not be looked at.
func hostilePaths(route, text string, parameters []string) []string {
	_, usual := target(route)
	_, path, _ := strings.Cut(route, " ")
	inPath := strings.NewReplacer("/", "%2F", ".", "%2E").Replace(url.PathEscape(text))
	paths := []string{strings.NewReplacer("{id}", inPath, "{name}", inPath, "{symbol}", inPath).Replace(path)}
	for _, name := range parameters {
		paths = append(paths, usual+"?"+url.Values{name: {text}}.Encode())
	}
	return paths
}

// TestNULIsRefused: PostgreSQL keeps no NUL, so that no text may bring one, on either database.
func TestNULIsRefused(t *testing.T) {
	t.Parallel()
	schemas := bodySchemas(t)
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		root := b.user("root")
		for route, body := range schemas {
			method, path := target(route)
			for _, field := range body.texts("") {
				answer := root.call(method, path, body.with(routeAccess[route].body, field, "a\x00b"))
				if said := answer.problem(400); !strings.Contains(said, "NUL") {
					t.Errorf("%s, %s: %s", route, field, said)
				}
			}
			if said := root.call(method, path, `{"a\u0000b":1}`).problem(400); !strings.Contains(said, "NUL") {
				t.Errorf("%s, a name: %s", route, said)
			}
		}
		for _, path := range []string{"/api/admin/users?q=a%00b", "/api/admin/users?q=%ff", "/api/admin/users?after=%c0%80", "/api/watchlist/a%00b", "/api/watchlist/%ff"} {
			method := "GET"
			if strings.HasPrefix(path, "/api/watchlist") {
				method = "DELETE"
			}
			if said := root.call(method, path, nil).problem(400); !strings.Contains(said, "NUL") {
				t.Errorf("%s: %s", path, said)
			}
		}
		v := b.visitor()
		v.call("POST", "/api/auth/login", map[string]any{"username": "root", "password": password}, "User-Agent", "bytes \xff\xfe that are no text").want(200)
		v.call("GET", "/api/accounts", nil).want(200)
	})
}

func harmless(t *testing.T, what string, a answer) {
	t.Helper()
	if a.status >= 500 {
		t.Errorf("%s: %d: %s", what, a.status, a.text)
	}
	for _, inside := range []string{"SQLITE", "SQLSTATE", "syntax error", "argon2id", "pq:", "users_"} {
		if strings.Contains(a.text, inside) {
			t.Errorf("%s: the answer shows the inside: %s", what, a.text)
		}
	}
}

// TestAParameterStandsOnce: of two values nobody knows which counts.
func TestAParameterStandsOnce(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	for _, path := range []string{"/api/cycles?limit=1&limit=2", "/api/admin/audit?action=login&actor=x&action=logout", "/api/orders?unknown=1&unknown=1"} {
		if said := v.call("GET", path, nil).problem(400); !strings.Contains(said, "2 times") {
			t.Errorf("%s: %s", path, said)
		}
	}
	v.call("GET", "/api/admin/audit?action=login", nil).want(200)
}
