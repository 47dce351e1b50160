package backup_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// FuzzBucketAnswers: whatever a store answers, names that are none are left out, and what cannot be
// read is an error.
func FuzzBucketAnswers(f *testing.F) {
	const name = "alpaca-trader-1234abcd-20260302T143000Z-5678abcd.backup"
	for _, body := range []string{
		"", "<html>", `<Error><Code>NoSuchKey</Code></Error>`, `<Error><Code>NoSuchBucket</Code><Message>` + strings.Repeat("x", 100) + `</Message></Error>`,
		`<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a/` + name + `</Key><Size>-1</Size></Contents></ListBucketResult>`,
		`<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a/../../x</Key></Contents></ListBucketResult>`, `<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>`,
	} {
		f.Add(200, body)
		f.Add(404, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 499 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
			return // asked again later
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Last-Modified", "Mon, 02 Mar 2026 14:30:00 GMT")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		defer server.Close()
		shelf, err := backup.NewBucket(backup.BucketConfig{
			Endpoint: strings.TrimPrefix(server.URL, "http://"), Plain: true, Region: "us-east-1", Bucket: "safe", Prefix: "a", KeyID: secret.NewText("id"), Secret: secret.NewText("hush"),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a list that says there is more goes on
		defer cancel()
		list, err := shelf.List(ctx)
		if err != nil && len(list) > 0 {
			t.Errorf("%d names and %v", len(list), err)
		}
		for _, kept := range list {
			if strings.ContainsAny(kept.Name, "/\\") || kept.At.IsZero() {
				t.Errorf("%+v is listed", kept)
			}
		}
		opened, err := shelf.Get(ctx, name)
		if err != nil {
			return
		}
		defer opened.Close()
		if content, err := io.ReadAll(opened); err == nil && string(content) != body {
			t.Errorf("%d %q became %q", status, body, content)
		}
	})
}
