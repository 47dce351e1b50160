package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestErrorsBecomeOneSentenceAndACode(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp: refused")
	for name, c := range map[string]struct {
		err      error
		code     int
		sentence string
		logged   string // what the log says at level info
	}{
		"nothing":     {nil, 0, "", ""},
		"wrong use":   {usage("No."), 2, "alpaca-trader: No.\n", ""},
		"fault":       {fmt.Errorf("load: %w", fault.Because(cause, fault.Unavailable, "The database\ndoes not answer.")), 1, "alpaca-trader: The database does not answer.\n", ""},
		"interrupted": {fmt.Errorf("wait: %w", context.Canceled), 1, "alpaca-trader: Interrupted.\n", ""},
		"unforeseen":  {cause, 1, "not foreseen", "dial tcp: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stderr := new(bytes.Buffer)
			env := NewEnvironment(config.Source{}, strings.NewReader(""), stderr, stderr)
			if code := env.report(c.err); code != c.code {
				t.Errorf("code %d, want %d", code, c.code)
			}
			if got := stderr.String(); !strings.Contains(got, c.sentence) || !strings.Contains(got, c.logged) {
				t.Errorf("printed %q", got)
			}
			if c.logged == "" && stderr.String() != c.sentence {
				t.Errorf("printed more than the sentence: %q", stderr)
			}
		})
	}
}
