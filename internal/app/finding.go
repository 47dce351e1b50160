package app

// Severity says how soon something should be done about a Finding.
type Severity string

// The severities, mildest first.
const (
	Fine     Severity = "ok"
	Note     Severity = "note"     // good to know
	Warning  Severity = "warning"  // to be mended before somebody depends on it
	Critical Severity = "critical" // somebody can get in, or something is lost, or it does not run
)

// Finding is what a check of the installation found.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Says     string   `json:"says"`
	Do       string   `json:"do"` // empty when it is fine
}
