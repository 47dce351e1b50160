package audit

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is how entries leave the program.
type Format string

// The formats.
const (
	CSV   Format = "csv"   // with a header line, for spreadsheets
	JSONL Format = "jsonl" // one JSON object a line, exact
)

// Known reports whether there is such a format.
func (f Format) Known() bool { return f == CSV || f == JSONL }

// Export writes entries in a format.
type Export struct {
	format Format
	lines  *bufio.Writer
	cells  *csv.Writer
	begun  bool // the header is written
}

// NewExport begins an export to the writer.
func NewExport(to io.Writer, format Format) *Export {
	lines := bufio.NewWriterSize(to, 32<<10)
	return &Export{format: format, lines: lines, cells: csv.NewWriter(lines)}
}

var csvHeader = []string{"sequence", "at", "actor", "actor_name", "session", "address", "user_agent", "action", "target", "details", "hash"}

// Write appends an entry.
func (e *Export) Write(r *Record) error {
	if e.format == JSONL {
		text, err := r.MarshalJSON()
		if err == nil {
			_, err = e.lines.Write(append(text, '\n'))
		}
		return err
	}
	if err := e.header(); err != nil {
		return err
	}
	cells := []string{
		strconv.FormatInt(r.Sequence, 10), r.At.UTC().Format(timeForm), r.Actor, r.ActorName, r.Session, r.Address,
		r.UserAgent, string(r.Action), r.Target, string(r.DetailsText), hex.EncodeToString(r.Hash),
	}
	for i, cell := range cells {
		cells[i] = Cell(cell)
	}
	return e.cells.Write(cells)
}

// header writes the header line of an export once.
func (e *Export) header() error {
	if e.format != CSV || e.begun {
		return nil
	}
	e.begun = true
	return e.cells.Write(csvHeader)
}

// Close writes what is left; the writer below stays open. An export without entries has its header.
func (e *Export) Close() error {
	if err := e.header(); err != nil {
		return err
	}
	e.cells.Flush()
	if err := e.cells.Error(); err != nil {
		return err
	}
	return e.lines.Flush()
}

// Cell is the text as a spreadsheet may have it: one that begins like a formula gets an apostrophe
// before it (OWASP, "CSV Injection"), also where the sign is a wide one or stands after white space.
func Cell(text string) string {
	if text == "" {
		return text
	}
	sign, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(text, unicode.IsSpace))
	if strings.ContainsRune("\t\r\n", rune(text[0])) || strings.ContainsRune("=+-@＝＋－＠", sign) {
		return "'" + text
	}
	return text
}
