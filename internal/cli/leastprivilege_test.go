package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// owner asks PostgreSQL as whom the address names.
func owner(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	connection, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close(context.Background()) })
	return connection
}

// grantAsDocumented runs deploy/postgres-roles.sql for the role in the schema, and returns the
// address with that role.
func grantAsDocumented(t *testing.T, address, role string) string {
	t.Helper()
	file, err := os.ReadFile("../../deploy/postgres-roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address is not valid")
	}
	statements := strings.NewReplacer("trader_server", role, "SCHEMA public", "SCHEMA "+parsed.Query().Get("search_path")).Replace(string(file))
	connection := owner(t, address)
	if _, err := connection.Exec(t.Context(), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'hush'; %s", role, statements)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := connection.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %s; DROP ROLE %s", role, role)); err != nil {
			t.Error(err)
		}
	})
	parsed.User = url.UserPassword(role, "hush")
	return parsed.String()
}

// TestAServerNeedsNoRightToMakeTables: once the owner has migrated, a server works with a role that
// reads and writes rows alone and cannot change what the audit log says.
func TestAServerNeedsNoRightToMakeTables(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t).Reveal()
	sh := newShell(t, "SECRET_KEY="+secret.GenerateKey().Reveal(), "ENCRYPTION_KEY="+secret.GenerateKey().Reveal())
	everything := sh.environ
	sh.environ = append(everything, "DATABASE_URL="+address)
	sh.run(t, "db", "migrate")
	sh.run(t, "users", "create", "--username", "root", "--email", "root@example.org", "--link")
	limited := grantAsDocumented(t, address, fmt.Sprintf("trader_test_%d", os.Getpid()))
	sh.environ = append(everything, "DATABASE_URL="+limited)
	server := sh.start(t, "dashboard-secure", "--demo", "--port", "0")
	body := `{"username":"ann","email":"ann@example.org","password":"a calm desk, no casino"}`
	registered, err := http.Post(server.address+"/api/auth/register", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer registered.Body.Close()
	if registered.StatusCode != http.StatusCreated {
		t.Errorf("registering: %s", registered.Status)
	}
	sh.run(t, "users", "disable", "ann")
	if said := string(sh.run(t, "audit", "verify")); !strings.Contains(said, "as it was written") {
		t.Errorf("audit verify says %s", said)
	}
	stranger := owner(t, limited)
	for _, statement := range []string{
		"CREATE TABLE mine (id INT)", "DROP TABLE users", "ALTER TABLE users ADD COLUMN x INT", "UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries", "DELETE FROM audit_checkpoints",
	} {
		if _, err := stranger.Exec(t.Context(), statement); err == nil {
			t.Errorf("the server's role may %s", statement)
		}
	}
}
