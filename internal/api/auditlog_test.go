package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// untouchedLog is a verifier for tests that are not about verification.
type untouchedLog struct{}

func (untouchedLog) Verify(context.Context) (audit.Report, error) { return audit.Report{}, nil }

// chainRoot gives the chain the key of the tests' databases.
type chainRoot struct{}

func (chainRoot) Derive(label string) []byte {
	if label == secret.AuditLabel {
		return storetest.AuditKey
	}
	return secret.DeriveKey(secret.NewText("tests"), label)
}

// verifying makes the server verify its own log.
func verifying(t *testing.T) option {
	keys, err := audit.NewKeys(chainRoot{})
	if err != nil {
		t.Fatal(err)
	}
	return func(settings *app.Config, _ *api.Config) {
		settings.Verifier = witness.New(witness.Config{
			Store: settings.Store.(witness.Store), Keys: keys, Clock: settings.Clock, Log: settings.Logger,
		})
	}
}

type auditPage struct {
	Entries []struct {
		Sequence                                    int64
		At, Actor, Action, Target, Address, Details any
		ActorName                                   string `json:"actor_name"`
	}
	Next *int64
}

func (v *visitor) auditPage(query string) auditPage {
	v.t.Helper()
	var page auditPage
	v.call("GET", "/api/admin/audit"+query, nil).want(200).decode(&page)
	return page
}

func TestAdministratorsSearchTheAudit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		root, ann := b.user("root"), b.withAccount("ann")
		begin := b.clock.Now().Add(time.Minute)
		b.clock.Set(begin)
		for _, symbol := range []string{"AAPL", "MSFT", "SPY"} {
			ann.call("POST", "/api/watchlist", map[string]any{"symbol": symbol}).want(201)
		}
		b.clock.Set(begin.Add(time.Minute))
		ann.call("DELETE", "/api/watchlist/AAPL", nil).want(200)
		from := "from=" + begin.Format(time.RFC3339)
		for query, want := range map[string]string{
			"?action=watchlist_add":                              "SPY MSFT AAPL",
			"?action=watchlist_add&limit=2":                      "SPY MSFT",
			"?actor=ANN&action=watchlist_remove":                 "AAPL",
			"?actor=" + b.id("ann") + "&" + from:                 "AAPL SPY MSFT AAPL",
			"?actor=root&" + from:                                "",
			"?q=symbol:aapl":                                     "AAPL AAPL",
			"?q=%25":                                             "",
			"?q=symbol_aapl":                                     "",
			"?q=%27%20OR%201=1--":                                "",
			"?" + from + "&action=watchlist_remove":              "AAPL",
			"?action=watchlist_add&to=" + "2000-01-01T00:00:00Z": "",
		} {
			var got []string
			for _, entry := range root.auditPage(query).Entries {
				got = append(got, strings.TrimPrefix(fmt.Sprint(entry.Target), "symbol:"))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
		}
		root.call("GET", "/api/admin/audit?from=yesterday", nil).problem(400)
	})
}

func TestAuditPagesFollowEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root")
	for i := range 25 {
		if err := b.store.Append(t.Context(), audit.Entry{Action: audit.LoginFailed, Target: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var last int64
	var seen int
	for query := "?limit=10"; query != ""; {
		page := root.auditPage(query)
		for _, entry := range page.Entries {
			if last != 0 && entry.Sequence != last-1 {
				t.Fatalf("entry %d follows %d", entry.Sequence, last)
			}
			last, seen = entry.Sequence, seen+1
		}
		if query = ""; page.Next != nil {
			query = fmt.Sprint("?limit=10&before=", *page.Next)
		}
	}
	if last != 1 || seen < 25 {
		t.Errorf("%d entries down to %d", seen, last)
	}
}

func TestAuditExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root")
	for _, name := range []string{"=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "\tx", "\rx", "plain, \"quoted\"\nline"} {
		if err := b.store.Append(t.Context(), audit.Entry{Action: audit.LoginFailed, ActorName: name, Details: map[string]any{"reason": "<b>"}}); err != nil {
			t.Fatal(err)
		}
	}
	exported := root.call("GET", "/api/admin/audit/export?action=login_failed", nil).want(200)
	if got := exported.header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="audit-`) || !strings.HasSuffix(got, `.csv"`) {
		t.Errorf("Content-Disposition %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(exported.text)).ReadAll()
	if err != nil || len(rows) != 8 || rows[0][0] != "sequence" {
		t.Fatalf("%v in %s", err, exported.text)
	}
	for _, row := range rows[1:7] {
		if name := row[3]; !strings.HasPrefix(name, "'") {
			t.Errorf("a spreadsheet would run %q", name)
		}
	}
	if rows[7][3] != "plain, \"quoted\"\nline" {
		t.Errorf("plain text became %q", rows[7][3])
	}
	lines := root.call("GET", "/api/admin/audit/export?format=jsonl", nil).want(200)
	var record audit.Record
	for i, line := range strings.Split(strings.TrimSpace(lines.text), "\n") {
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Sequence != int64(i+1) || len(record.Hash) != 32 {
			t.Fatalf("line %d: %v %s", i+1, err, line)
		}
	}
	if record.Action != audit.AuditExported { // the export is in the log before it begins
		t.Errorf("the last entry is %s", record.Action)
	}
	root.call("GET", "/api/admin/audit/export?format=xml", nil).problem(400)
	b.clock.Advance(auth.FreshFor + time.Second)
	if refused := root.call("GET", "/api/admin/audit/export", nil).want(403); !strings.Contains(refused.text, "step_up_required") {
		t.Errorf("exported without a fresh factor: %s", refused.text)
	}
}

func TestAuditVerificationShowsTheFirstBadEntry(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address, verifying(t))
		root := b.user("root")
		var report struct {
			OK      bool
			Entries int64
			Problem *audit.Problem
		}
		root.call("GET", "/api/admin/audit/verify", nil).want(200).decode(&report)
		if !report.OK || report.Entries < 2 || report.Problem != nil {
			t.Fatalf("untouched: %+v", report)
		}
		if _, err := b.store.Writer().ExecContext(t.Context(), "UPDATE audit_entries SET actor_name = 'somebody' WHERE sequence = 2"); err != nil {
			t.Fatal(err)
		}
		root.call("GET", "/api/admin/audit/verify", nil).want(200).decode(&report)
		if report.OK || report.Problem == nil || report.Problem.Sequence != 2 || report.Problem.Kind != audit.Changed {
			t.Errorf("edited: %+v %+v", report, report.Problem)
		}
		if alarm := root.auditPage("?action=audit_alarm"); len(alarm.Entries) != 1 {
			t.Errorf("%d alarms in the log", len(alarm.Entries))
		}
		if !bytes.Contains([]byte(b.log.String()), []byte("AUDIT ALARM")) {
			t.Error("the server's log has no alarm")
		}
	})
}
