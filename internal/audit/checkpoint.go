package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says which log stood there at a time: how many entries, and the hash of the last.
type Checkpoint struct {
	Installation string
	Size         int64
	Hash         []byte
	At           time.Time
	Note         string // the signed text
}

const (
	checkpointTitle = "alpaca-trader audit "
	archiveTitle    = "alpaca-trader audit archive "
)

// errNote is a note that is not one of ours; nothing more is known about it.
var errNote = errors.New("not signed by this installation's key")

// SignCheckpoint makes the note of the checkpoint: installation, size, hash and time, a line each,
// signed with Ed25519 in the form of golang.org/x/mod/sumdb/note.
func (k Keys) SignCheckpoint(c Checkpoint) (Checkpoint, error) {
	text, err := k.sign(checkpointTitle+c.Installation, strconv.FormatInt(c.Size, 10), base64.StdEncoding.EncodeToString(c.Hash), c.At.UTC().Format(timeForm))
	c.Note = text
	return c, err
}

func (k Keys) sign(lines ...string) (string, error) {
	signed, err := note.Sign(&note.Note{Text: strings.Join(lines, "\n") + "\n"}, k.signer)
	if err != nil {
		return "", fmt.Errorf("sign note: %w", err)
	}
	return string(signed), nil
}

// OpenCheckpoint checks the signature and the installation, and returns what the note says.
func (k Keys) OpenCheckpoint(installation, text string) (Checkpoint, error) {
	lines, err := k.open(text, 4)
	if err != nil {
		return Checkpoint{}, err
	}
	if lines[0] != checkpointTitle+installation {
		return Checkpoint{}, errors.New("of another installation")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	hash, hashErr := base64.StdEncoding.DecodeString(lines[2])
	made, timeErr := time.Parse(timeForm, lines[3])
	return Checkpoint{installation, size, hash, made, text}, errors.Join(err, hashErr, timeErr)
}

func (k Keys) open(text string, count int) ([]string, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(k.signer))
	if err != nil {
		return nil, errNote
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) != count {
		return nil, errNote
	}
	return lines, nil
}

// Journal is the text of a file of checkpoints: notes with an empty line after each.
type Journal struct {
	Notes []string
	Torn  bool // a note was never finished, as after a crash
}

// FormatJournal is the note as it is appended to the file.
func FormatJournal(text string) string { return text + "\n" }

const signatureMark = "\u2014 " // begins the signature's line of a note

// ParseJournal splits the text into its notes; it checks none of them.
func ParseJournal(text []byte) Journal {
	var journal Journal
	var lines []string
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		switch signed := len(lines) > 0 && strings.HasPrefix(lines[len(lines)-1], signatureMark); {
		case len(line) == 0 && signed:
			journal.Notes = append(journal.Notes, strings.Join(lines, "\n")+"\n")
			lines = nil
			continue
		case len(line) == 0 && len(lines) == 0: // between notes
			continue
		case bytes.HasPrefix(line, []byte(checkpointTitle)) && len(lines) > 0: // the note before was never finished
			journal.Torn, lines = true, nil
		}
		lines = append(lines, string(line))
	}
	journal.Torn = journal.Torn || len(lines) > 0
	return journal
}
