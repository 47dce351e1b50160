// Package cli is the command line: one file a command. A command reads its flags, calls app or
// daemon, and prints what was asked for to standard output; logs and errors go to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// The exit codes.
const (
	exitOK     = 0 // done
	exitFailed = 1 // understood, but it did not succeed
	exitUsage  = 2 // the command line itself is wrong

	exitSkipped = 3 // a cycle was not due: the market is closed
	exitHalted  = 4 // trading is halted
	exitCycle   = 5 // a cycle failed; its record says why
	exitBusy    = 6 // another process is busy with the account
)

// codedError ends the program with a code of its own. err may be nil: then nothing is printed.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

// Main runs one command and returns the exit code. The first SIGINT or SIGTERM ends the command's
// context, so that it stops in order; a second one ends the process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	source, err := config.FromProcess()
	if err != nil {
		fmt.Fprintf(stderr, "alpaca-trader: %s\n", fault.Public(err))
		return exitFailed
	}
	env := NewEnvironment(source, stdin, stdout, stderr)
	root := newRoot(env)
	root.SetArgs(args)
	return env.report(root.ExecuteContext(ctx))
}

// usageError is a command line that cannot be understood.
type usageError struct{ sentence string }

func (e *usageError) Error() string { return e.sentence }

// usage makes an error that ends the program with exit code 2.
func usage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// report prints err as one sentence and returns the exit code. The cause of a fault goes to the
// log: at level debug when the sentence says enough, at level error when it does not.
func (e *Environment) report(err error) int {
	var wrongUse *usageError
	var known *fault.Error
	var coded *codedError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		if coded.err != nil {
			e.report(coded.err)
		}
		return coded.code
	case errors.As(err, &wrongUse):
		e.complain(wrongUse.sentence)
		return exitUsage
	case errors.As(err, &known):
		if cause := errors.Unwrap(known); cause != nil {
			e.Logger.Debug("cause", slog.Any("error", cause))
		}
		e.complain(known.Public)
	case errors.Is(err, context.Canceled):
		e.complain("Interrupted.")
	default:
		e.Logger.Error("unexpected", slog.Any("error", err))
		e.complain("Something went wrong that was not foreseen; the line above has the cause.")
	}
	return exitFailed
}

func (e *Environment) complain(sentence string) {
	fmt.Fprintf(e.Stderr, "alpaca-trader: %s\n", strings.Join(strings.Fields(sentence), " "))
}
