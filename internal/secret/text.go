// Package secret holds values that must not be printed, and the sealing that keeps them at rest.
package secret

import "log/slog"

const redacted = "[redacted]"

// Text is a secret string. fmt, slog, JSON and YAML print "[redacted]"; Reveal is the one way out.
type Text struct{ value string }

// NewText wraps value.
func NewText(value string) Text { return Text{value} }

// Reveal returns the secret. Call it only where the secret is used.
func (t Text) Reveal() string { return t.value }

// IsEmpty reports whether there is no secret.
func (t Text) IsEmpty() bool { return t.value == "" }

// String returns "[redacted]".
func (t Text) String() string { return redacted }

// GoString returns "[redacted]".
func (t Text) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", so that JSON and YAML do too.
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }
