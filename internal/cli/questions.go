package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// questions are asked at the terminal. Without one, what is missing must be given by flags. The end of
// the context, Ctrl-C, ends a question that waits for its answer.
type questions struct {
	env      *Environment
	lines    *bufio.Reader
	terminal int // file descriptor; negative: none
}

// longestLine is more than any answer has, in bytes.
const longestLine = 4096

func newQuestions(env *Environment) *questions {
	q := &questions{env: env, lines: bufio.NewReaderSize(env.Stdin, longestLine), terminal: -1}
	if file, ok := env.Stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		q.terminal = int(file.Fd())
	}
	return q
}

// unless returns what was given, or asks for it.
func (q *questions) unless(ctx context.Context, given, question, flag string) (string, error) {
	if given != "" {
		return given, nil
	}
	if q.terminal < 0 {
		return "", usage("Give %s: there is no terminal to ask at.", flag)
	}
	fmt.Fprintf(q.env.Stderr, "%s: ", question)
	answer, err := answered(ctx, q.line)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(q.env.Stderr)
	}
	return strings.TrimSpace(answer), err
}

// valid is unless for an answer that must be fit to use.
func (q *questions) valid(ctx context.Context, given, question, flag string, validate func(string) error) (string, error) {
	answer, err := q.unless(ctx, given, question, flag)
	if err == nil {
		err = validate(answer)
	}
	return answer, err
}

// answered waits for the answer or the end of the context, which leaves the question to the end of
// the program.
func answered(ctx context.Context, ask func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		text, err := ask()
		given <- answer{text, err}
	}()
	select {
	case got := <-given:
		return got.text, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (q *questions) line() (string, error) {
	line, err := q.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fault.New(fault.Invalid, "The line is too long.")
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return "", fault.Because(err, fault.Invalid, "Standard input ended before an answer.")
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// newPassword reads a password from standard input, or asks for it without showing it, and again
// when it is fit to use.
func (q *questions) newPassword(ctx context.Context, fromStdin bool, validate func(string) error) (secret.Text, error) {
	if fromStdin {
		line, err := answered(ctx, q.line)
		if err == nil {
			err = validate(line)
		}
		return secret.NewText(line), err
	}
	if q.terminal < 0 {
		return secret.Text{}, usage("Give --password-stdin and the password on standard input, or --link: there is no terminal to ask at.")
	}
	first, err := q.hidden(ctx, "Password: ")
	if err == nil {
		err = validate(first)
	}
	if err != nil {
		return secret.Text{}, err
	}
	second, err := q.hidden(ctx, "The same again: ")
	if err != nil {
		return secret.Text{}, err
	}
	if first != second {
		return secret.Text{}, fault.New(fault.Invalid, "The two passwords differ. Nothing was created.")
	}
	return secret.NewText(first), nil
}

// hidden asks without showing what is typed; whatever happens, the terminal shows it again afterwards.
func (q *questions) hidden(ctx context.Context, question string) (string, error) {
	before, err := term.GetState(q.terminal)
	if err != nil {
		return "", fault.Because(err, fault.Invalid, "The password could not be read from the terminal.")
	}
	defer func() { _ = term.Restore(q.terminal, before) }()
	fmt.Fprint(q.env.Stderr, question)
	defer fmt.Fprintln(q.env.Stderr)
	return answered(ctx, func() (string, error) {
		typed, err := term.ReadPassword(q.terminal)
		if err != nil {
			return "", fault.Because(err, fault.Invalid, "The password could not be read from the terminal.")
		}
		return string(typed), nil
	})
}
