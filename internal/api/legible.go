package api

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// legible refuses an address whose path or query is no text: PostgreSQL keeps neither NUL nor bytes
// that are not UTF-8, so that such an address can name nothing. It refuses a parameter that stands
// twice too: one reader would take the first, another the last.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil || !isText(query) || !isText(r.URL.Path) {
			writeProblem(w, r, fault.New(fault.Invalid, "The address has a character that no text has, such as NUL."))
			return
		}
		for name, values := range r.URL.Query() {
			if len(values) > 1 {
				writeProblem(w, r, fault.New(fault.Invalid, "The address has the parameter %q %d times.", name, len(values)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func isText(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
