package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
)

type auditEntryView struct {
	Sequence  int64           `json:"sequence" doc:"Gapless from 1"`
	At        string          `json:"at"`
	Actor     string          `json:"actor" doc:"User id; empty for nobody and the command line"`
	ActorName string          `json:"actor_name"`
	Action    audit.Action    `json:"action"`
	Target    string          `json:"target"`
	Address   string          `json:"address"`
	Details   json.RawMessage `json:"details" doc:"An object; its fields depend on the action"`
}

func viewAuditEntry(r audit.Record) auditEntryView {
	return auditEntryView{
		Sequence: r.Sequence, At: *timeText(r.At), Actor: r.Actor, ActorName: r.ActorName, Action: r.Action,
		Target: r.Target, Address: r.Address, Details: json.RawMessage(r.DetailsText),
	}
}

// AuditFilter is the part of the query that chooses entries.
type AuditFilter struct {
	Action string    `query:"action" maxLength:"60" doc:"Such as login_failed"`
	Actor  string    `query:"actor" maxLength:"120" doc:"User id or user name"`
	From   time.Time `query:"from" doc:"Entries at this time or later"`
	To     time.Time `query:"to" doc:"Entries before this time"`
	Text   string    `query:"q" maxLength:"120" doc:"Part of user name, target, address or details"`
}

func (f AuditFilter) filter() audit.Filter {
	return audit.Filter{Action: audit.Action(f.Action), Actor: f.Actor, From: f.From, To: f.To, Text: f.Text}
}

type auditInput struct {
	AuditFilter
	Before int64 `query:"before" minimum:"0" doc:"next of the page before"`
	Limit  int   `query:"limit" minimum:"0" maximum:"500" doc:"Entries on a page; 0: 50"`
}

type auditView struct {
	Entries []auditEntryView `json:"entries" doc:"Newest first"`
	Next    *int64           `json:"next" doc:"For before; null on the last page"`
}

const usualAuditPage = 50

func (s *server) auditEntries(ctx context.Context, input *auditInput) (auditView, error) {
	filter := input.filter()
	filter.Before, filter.Limit = input.Before, input.Limit
	if filter.Limit == 0 {
		filter.Limit = usualAuditPage
	}
	entries, next, err := s.App.AuditEntries(ctx, principalOf(ctx), filter)
	view := auditView{Entries: each(entries, viewAuditEntry)}
	if next > 0 {
		view.Next = &next
	}
	return view, err
}

type checkpointView struct {
	Size int64  `json:"size" doc:"How many entries it vouches for"`
	Hash string `json:"hash" doc:"Of the last of them, in hexadecimal"`
	At   string `json:"at"`
	Note string `json:"note" doc:"The signed text, in the form of golang.org/x/mod/sumdb/note"`
}

type auditVerifyView struct {
	OK         bool              `json:"ok"`
	Entries    int64             `json:"entries" doc:"In the database"`
	Archived   int64             `json:"archived" doc:"Entries up to this one are in archives"`
	Checkpoint *checkpointView   `json:"checkpoint" doc:"The newest that fits; null for none"`
	Witnessed  *int64            `json:"witnessed" doc:"Up to which entry a checkpoint outside of the database vouches; null for none"`
	Problem    *auditProblemView `json:"problem" doc:"The first bad entry; null when all is as it was written"`
	At         *string           `json:"at" doc:"When the verification began"`
}

type auditProblemView struct {
	Sequence int64             `json:"sequence" doc:"The first bad entry; 0 when no single entry is bad"`
	Kind     audit.ProblemKind `json:"kind" enum:"changed,reordered,missing,cut,restored,rewritten,added,checkpoint,illegible"`
	Message  string            `json:"message" doc:"What was found, in a sentence"`
}

func (s *server) auditVerify(ctx context.Context, _ *nothing) (auditVerifyView, error) {
	report, err := s.App.VerifyAudit(ctx, principalOf(ctx))
	if err != nil {
		return auditVerifyView{}, err
	}
	view := auditVerifyView{
		OK: report.OK(), Entries: report.Entries, Archived: report.Archived, At: timeText(report.At),
	}
	if p := report.Problem; p != nil {
		view.Problem = &auditProblemView{p.Sequence, p.Kind, p.Sentence}
	}
	if c := report.Checkpoint; c != nil {
		view.Checkpoint = &checkpointView{c.Size, hex.EncodeToString(c.Hash), *timeText(c.At), c.Note}
	}
	if c := report.Witnessed; c != nil {
		view.Witnessed = &c.Size
	}
	return view, nil
}

type auditExportInput struct {
	AuditFilter
	Format audit.Format `query:"format" enum:"csv,jsonl" default:"csv"`
}

// exportTypes are the media types of the formats.
var exportTypes = map[audit.Format]string{audit.CSV: "text/csv; charset=utf-8", audit.JSONL: "application/jsonl"}

// auditExport registers the export, which is sent as it is read.
func (s *server) auditExport(api huma.API, operation huma.Operation) {
	content := map[string]*huma.MediaType{}
	for _, kind := range exportTypes {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	operation.Responses = map[string]*huma.Response{"200": {Description: "The entries, oldest first", Content: content}}
	huma.Register(api, operation, func(_ context.Context, input *auditExportInput) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			s.sendExport(w, r, input)
		}}, nil
	})
}

// sendExport answers with a problem as long as nothing was sent, and cuts the answer off afterwards.
func (s *server) sendExport(w http.ResponseWriter, r *http.Request, input *auditExportInput) {
	begun := false
	err := s.App.ExportAudit(r.Context(), principalOf(r.Context()), input.Format, input.filter(), func() io.Writer {
		begun = true
		name := fmt.Sprintf("audit-%s.%s", s.Clock.Now().Format("20060102-150405"), input.Format)
		w.Header().Set("Content-Type", exportTypes[input.Format])
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		return patientWriter{w, http.NewResponseController(w)}
	})
	switch {
	case err == nil:
	case begun:
		requestOf(r.Context()).logger().Error("export audit log", "cause", err)
		panic(http.ErrAbortHandler)
	default:
		writeProblem(w, r, err)
	}
}

// patientWriter gives each write its own time, so that a long answer may take long as a whole.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
}

// Write sends the bytes.
func (p patientWriter) Write(text []byte) (int, error) {
	if err := p.control.SetWriteDeadline(clock.System().Now().Add(slowestClient)); err != nil {
		return 0, err
	}
	return p.Writer.Write(text)
}
