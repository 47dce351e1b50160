package ui_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jcap24/alpaca-trader/internal/ui"
)

func get(t *testing.T, files fs.FS, path string) *httptest.ResponseRecorder {
	t.Helper()
	pages, err := ui.New(files)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestPagesAndFiles(t *testing.T) {
	t.Parallel()
	built := fstest.MapFS{
		"index.html":         {Data: []byte("<title>app</title>")},
		"assets/app-1234.js": {Data: []byte("start()")},
		"favicon.svg":        {Data: []byte("<svg/>")},
		".gitkeep":           {Data: []byte("kept")},
	}
	for _, test := range []struct {
		path, body, contentType, caching string
		status                           int
	}{
		{"/", "<title>app</title>", "text/html; charset=utf-8", "no-cache", 200},
		{"/login", "<title>app</title>", "text/html; charset=utf-8", "no-cache", 200},
		{"/accounts/any", "<title>app</title>", "text/html; charset=utf-8", "no-cache", 200},
		{"/../../etc/passwd", "<title>app</title>", "text/html; charset=utf-8", "no-cache", 200},
		{"/.gitkeep", "<title>app</title>", "text/html; charset=utf-8", "no-cache", 200},
		{"/assets/app-1234.js", "start()", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/favicon.svg", "<svg/>", "image/svg+xml", "no-cache", 200},
		{"/assets/gone.js", "There is no such file.\n", "text/plain; charset=utf-8", "", 404},
	} {
		answer := get(t, built, test.path)
		if answer.Code != test.status || answer.Body.String() != test.body ||
			answer.Header().Get("Content-Type") != test.contentType || answer.Header().Get("Cache-Control") != test.caching {
			t.Errorf("%s: %d %q %v", test.path, answer.Code, answer.Body, answer.Header())
		}
	}
}

func TestAProgramWithoutItsPagesSaysSo(t *testing.T) {
	t.Parallel()
	answer := get(t, fstest.MapFS{".gitkeep": {}}, "/")
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "make build") {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
}

type broken struct{}

func (broken) Open(string) (fs.File, error) { return nil, errors.New("damaged") }

func TestUnreadableFilesAreAnError(t *testing.T) {
	t.Parallel()
	if _, err := ui.New(broken{}); err == nil {
		t.Fatal("no error for files that cannot be read")
	}
}

func TestTheEmbeddedFilesCanBeServed(t *testing.T) {
	t.Parallel()
	if answer := get(t, ui.Built(), "/"); !strings.Contains(answer.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", answer.Code, answer.Header())
	}
}

// FuzzPaths: no path leads out of the built files, to a hidden one, or to a failure.
func FuzzPaths(f *testing.F) {
	built := fstest.MapFS{"index.html": {Data: []byte("page")}, "assets/a.js": {Data: []byte("script")}, ".packages.json": {Data: []byte("hidden")}}
	pages, err := ui.New(built)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"/", "/assets/a.js", "/assets/../.packages.json", "//..//etc/passwd", "/assets/", "\\..\\x", "/\x00", "/assets/a.js/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.URL.Path = path
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, request)
		said := answer.Body.String()
		if answer.Code == http.StatusOK && said != "page" && said != "script" || answer.Code != http.StatusOK && answer.Code != http.StatusNotFound {
			t.Errorf("%q: %d %s", path, answer.Code, said)
		}
	})
}
