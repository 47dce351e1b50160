package sim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// eventful is a market with one corporate action of each kind.
func eventful(t *testing.T, change ...func(*sim.Config)) bench {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "bars.csv"), "symbol,timestamp,open,high,low,close,volume\n"+strings.Join(steady, "\n")+"\n")
	writeFile(t, filepath.Join(folder, sim.ActionsFile),
		"symbol,ex_date,type,ratio_or_cash\nXYZ,2020-06-02,dividend,0.5\nXYZ,2020-06-03,spin_off,1.25\nXYZ,2020-06-04,split,2\n")
	prices, err := sim.LoadCSV(folder)
	if err != nil {
		t.Fatal(err)
	}
	config := sim.Config{Market: prices, Now: at(t, "2020-06-01T14:00:00Z")}
	for _, c := range change {
		c(&config)
	}
	return serve(t, config)
}

// activityEvent is what the test looks at in one event of the stream of activities.
type activityEvent struct {
	ID      string `json:"event_id"`
	Type    string `json:"activity_type"`
	Net     string `json:"net_amount"`
	Settled string `json:"settle_date"`
	Details map[string]any
}

// activityEvents reads the stream until its end.
func (b bench) activityEvents(t *testing.T, query string) []activityEvent {
	t.Helper()
	status, body, _ := b.ask(t, "GET", "/v2beta1/events/activities?"+query, "")
	if status != http.StatusOK {
		t.Fatalf("%s: HTTP %d %s", query, status, body)
	}
	var events []activityEvent
	for line := range strings.Lines(body) {
		if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok {
			var event activityEvent
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatal(err)
			}
			events = append(events, event)
		}
	}
	return events
}

// The stream of activities tells the same as the list, in the order of time, and goes on after an
// id; what happens while a client listens reaches it.
func TestActivityEvents(t *testing.T) {
	t.Parallel()
	b := eventful(t, func(c *sim.Config) { c.Fees.PerOrder = *dec("1") })
	b.place(t, "qty=10")
	b.advance(t, "2020-06-04T14:00:00Z")
	all := b.activityEvents(t, "since=2020-06-01T00:00:00Z&until=2020-06-04T12:00:00Z")
	var kinds, nets []string
	for i, event := range all {
		kinds, nets = append(kinds, event.Type), append(nets, event.Net)
		if i > 0 && event.ID <= all[i-1].ID {
			t.Errorf("%s comes after %s", event.ID, all[i-1].ID)
		}
	}
	if want := []string{"FILL", "FEE", "DIV", "SPIN", "SPLIT"}; !slices.Equal(kinds, want) {
		t.Fatalf("kinds %v, want %v", kinds, want)
	}
	if want := []string{"-1000", "-1", "5", "12.5", "0"}; !slices.Equal(nets, want) {
		t.Errorf("money %v, want %v", nets, want)
	}
	if all[0].Settled != "2020-06-03" || all[4].Details["new_qty"] != "20" || all[4].Details["old_qty"] != "10" {
		t.Errorf("settled %s, split %v", all[0].Settled, all[4].Details)
	}
	rest := b.activityEvents(t, "since_id="+all[1].ID+"&until_id="+all[3].ID+"&until=&")
	if len(rest) != 2 || rest[0].ID != all[2].ID {
		t.Errorf("after the second %+v", rest)
	}
	if status, _, _ := b.ask(t, "GET", "/v2beta1/events/activities?until=2020-06-04", ""); status != 422 {
		t.Errorf("until without since: HTTP %d", status)
	}
}

func TestActivityEventsAsTheyHappen(t *testing.T) {
	t.Parallel()
	b := eventful(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/v2beta1/events/activities", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("key", "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	heard := make(chan string, 1)
	go func() {
		content := make([]byte, 1<<14)
		n, _ := response.Body.Read(content)
		heard <- string(content[:n])
	}()
	b.place(t, "qty=10")
	b.advance(t, "2020-06-01T14:00:10Z")
	if text := within(t, heard, "activity"); !strings.Contains(text, `"activity_type":"FILL"`) || !strings.Contains(text, `"at":"2020-06-01T14:00:00Z"`) {
		t.Error(text)
	}
}

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	b := eventful(t)
	b.advance(t, "2020-06-03T14:00:00Z")
	const days = "&since=2020-06-01&until=2020-06-30"
	for query, want := range map[string]string{
		"ca_types=Dividend,Split,Spinoff,Merger" + days:                         "Dividend Spinoff", // the split is not known yet
		"ca_types=dividend" + days:                                              "Dividend",
		"ca_types=Spinoff&symbol=XYZ" + days:                                    "Spinoff",
		"ca_types=Spinoff&symbol=ABC" + days:                                    "",
		"ca_types=Dividend&since=2020-06-03&until=2020-06-03&date_type=ex_date": "",
	} {
		status, body, _ := b.ask(t, "GET", "/v2/corporate_actions/announcements?"+query, "")
		var list []map[string]any
		read(t, body, &list)
		var kinds []string
		for _, one := range list {
			kinds = append(kinds, one["ca_type"].(string))
			if status, same, _ := b.ask(t, "GET", "/v2/corporate_actions/announcements/"+one["id"].(string), ""); status != 200 || !strings.Contains(body, same) {
				t.Errorf("by its id: HTTP %d %s", status, same)
			}
		}
		if got := strings.Join(kinds, " "); status != 200 || got != want {
			t.Errorf("%s: HTTP %d %s, want %s", query, status, body, want)
		}
	}
	for _, wrong := range []string{
		"", "ca_types=Dividend", "ca_types=Bonus" + days, "ca_types=Dividend&since=2020-01-01&until=2020-06-30",
		"ca_types=Dividend&since=2020-06-02&until=2020-06-01", "ca_types=Dividend&since=x&until=2020-06-01", "ca_types=Split&date_type=y" + days,
	} {
		if status, body, _ := b.ask(t, "GET", "/v2/corporate_actions/announcements?"+wrong, ""); status != 422 {
			t.Errorf("%s: HTTP %d %s", wrong, status, body)
		}
	}
	if status, _, _ := b.ask(t, "GET", "/v2/corporate_actions/announcements/none", ""); status != 404 {
		t.Errorf("an unknown one: HTTP %d", status)
	}
}

// Each host says in its own words that there were too many requests.
func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	b := serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, "2026-11-20T15:00:00Z"), RequestsPerMinute: 1, Machine: still{}})
	handler := spectest.Checked(t, b.simulator.Handler())
	for path, want := range map[string]string{
		"/v2/account":                       `{"code":42910000,"message":"rate limit exceeded"}`,
		"/v2/stocks/bars/latest?symbols=KO": `{"message":"too many requests."}`,
	} {
		for _, status := range []int{200, 429} {
			request, answer := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
			request.SetBasicAuth("key", "secret")
			handler.ServeHTTP(answer, request)
			header := answer.Header()
			if answer.Code != status || status == 429 && answer.Body.String() != want {
				t.Errorf("%s: HTTP %d %s", path, answer.Code, answer.Body)
			}
			if header.Get("X-RateLimit-Limit") != "1" || header.Get("X-RateLimit-Remaining") != "0" ||
				header.Get("X-RateLimit-Reset") != "1795186860" || len(header.Get("X-Request-ID")) != 32 {
				t.Errorf("%s: headers %v", path, header)
			}
		}
	}
}

// still is a machine whose clock stands.
type still struct{}

func (still) Now() time.Time { return time.Date(2026, time.November, 20, 15, 0, 30, 0, time.UTC) }
