package cli

import (
	"context"
	"errors"
	"testing"
)

func TestAQuestionEndsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	asked, never := make(chan struct{}), make(chan struct{})
	defer close(never)
	go func() {
		<-asked
		interrupt() // Ctrl-C while the terminal waits
	}()
	answer, err := answered(ctx, func() (string, error) {
		close(asked)
		<-never
		return "too late", nil
	})
	if answer != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", answer, err)
	}
}
