package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// questions are asked at the terminal. Without one, what is missing must be given by flags.
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
func (q *questions) unless(given, question, flag string) (string, error) {
	if given != "" {
		return given, nil
	}
	if q.terminal < 0 {
		return "", usage("Give %s: there is no terminal to ask at.", flag)
	}
	fmt.Fprintf(q.env.Stderr, "%s: ", question)
	answer, err := q.line()
	return strings.TrimSpace(answer), err
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

// newPassword reads a password from standard input, or asks for it twice without showing it.
func (q *questions) newPassword(fromStdin bool) (secret.Text, error) {
	if fromStdin {
		line, err := q.line()
		return secret.NewText(line), err
	}
	if q.terminal < 0 {
		return secret.Text{}, usage("Give --password-stdin and the password on standard input, or --link: there is no terminal to ask at.")
	}
	first, err := q.hidden("Password: ")
	if err != nil {
		return secret.Text{}, err
	}
	second, err := q.hidden("The same again: ")
	if err != nil {
		return secret.Text{}, err
	}
	if first != second {
		return secret.Text{}, fault.New(fault.Invalid, "The two passwords differ. Nothing was created.")
	}
	return secret.NewText(first), nil
}

// hidden asks without showing what is typed.
func (q *questions) hidden(question string) (string, error) {
	fmt.Fprint(q.env.Stderr, question)
	typed, err := term.ReadPassword(q.terminal)
	fmt.Fprintln(q.env.Stderr)
	if err != nil {
		return "", fault.Because(err, fault.Invalid, "The password could not be read from the terminal.")
	}
	return string(typed), nil
}
