// Package ui serves the built web application, which is embedded in the program.
package ui

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var embedded embed.FS

// Built returns the files of the embedded web application.
func Built() fs.FS {
	files, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic(err) // only for an invalid path
	}
	return files
}

// Package is one package of the web application.
type Package struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Integrity string `json:"integrity"` // as in package-lock.json: "sha512-" and base64
}

// Packages lists what the embedded web application contains; nothing when it has not been built.
func Packages() ([]Package, error) {
	content, err := embedded.ReadFile("dist/.packages.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the web application's packages: %w", err)
	}
	var packages []Package
	if err := json.Unmarshal(content, &packages); err != nil {
		return nil, fmt.Errorf("read the web application's packages: %w", err)
	}
	return packages, nil
}

// Pages serves the files; every other path gets index.html, in which the application shows the
// page itself. Files under assets/ carry their hash in the name and never change.
type Pages struct {
	files fs.FS
	index []byte
	mode  int // status of the index page
}

// New returns the pages of a built web application. Without an index.html every page says that
// the application has not been built.
func New(files fs.FS) (*Pages, error) {
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		return &Pages{files, []byte(notBuilt), http.StatusServiceUnavailable}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the web application: %w", err)
	}
	return &Pages{files, index, http.StatusOK}, nil
}

const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>alpaca-trader</title></head>
<body><h1>The web application is not built</h1>
<p>This program was compiled without its pages. Run <code>make build</code> and start it again. The JSON interface under <code>/api</code> works.</p>
</body></html>
`

func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	content, err := fs.ReadFile(p.files, name)
	switch {
	case err == nil && name != "index.html" && !strings.HasPrefix(path.Base(name), "."):
		p.serveFile(w, r, name, content)
	case strings.HasPrefix(name, "assets/"):
		http.Error(w, "There is no such file.", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.WriteHeader(p.mode)
		write(w, r, p.index)
	}
}

func (p *Pages) serveFile(w http.ResponseWriter, r *http.Request, name string, content []byte) {
	caching := "no-cache"
	if strings.HasPrefix(name, "assets/") {
		caching = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", caching)
	w.Header().Set("Content-Type", typeOf(name))
	write(w, r, content)
}

// types are the media types of what a build makes. The machine's own table is not asked: it may
// say anything, and nosniff makes a wrong type fatal.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json",
	".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
}

func typeOf(name string) string {
	if known, ok := types[path.Ext(name)]; ok {
		return known
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

func write(w http.ResponseWriter, r *http.Request, content []byte) {
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // the client may be gone
	}
}
