package audit

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Receipt stays in the database where entries were archived, signed like a checkpoint.
type Receipt struct {
	Installation string    `json:"installation"`
	First        int64     `json:"first"`
	Last         int64     `json:"last"`
	PreviousHash []byte    `json:"previous_hash"` // of the entry before the first
	LastHash     []byte    `json:"last_hash"`
	At           time.Time `json:"made_at"`
	FileHash     []byte    `json:"-"` // SHA-256 of the sealed file
	Note         string    `json:"-"`
}

// SignReceipt makes the receipt's note.
func (k Keys) SignReceipt(s Receipt) (Receipt, error) {
	text, err := k.sign(archiveTitle+s.Installation, strconv.FormatInt(s.First, 10), strconv.FormatInt(s.Last, 10),
		"before "+base64.StdEncoding.EncodeToString(s.PreviousHash), "last "+base64.StdEncoding.EncodeToString(s.LastHash),
		s.At.UTC().Format(timeForm), hex.EncodeToString(s.FileHash))
	s.Note = text
	return s, err
}

// OpenReceipt checks the signature and the installation, and returns what the note says.
func (k Keys) OpenReceipt(installation, text string) (Receipt, error) {
	lines, err := k.open(text, 7)
	if err != nil {
		return Receipt{}, err
	}
	if lines[0] != archiveTitle+installation {
		return Receipt{}, errors.New("of another installation")
	}
	s := Receipt{Installation: installation, Note: text}
	var errs [6]error
	s.First, errs[0] = strconv.ParseInt(lines[1], 10, 64)
	s.Last, errs[1] = strconv.ParseInt(lines[2], 10, 64)
	s.PreviousHash, errs[2] = base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[3], "before "))
	s.LastHash, errs[3] = base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[4], "last "))
	s.At, errs[4] = time.Parse(timeForm, lines[5])
	s.FileHash, errs[5] = hex.DecodeString(lines[6])
	return s, errors.Join(errs[:]...)
}

// archiveMagic is the first line of an archive; the second is its Receipt as JSON, and the rest is a
// sealed stream of the entries, a JSON line each. Both lines are bound into the seal.
const archiveMagic = "alpaca-trader audit archive 1\n"

// ArchiveWriter writes entries into a sealed file.
type ArchiveWriter struct {
	sealed *secret.SealedWriter
	lines  *bufio.Writer
	wrote  int64
}

// NewArchiveWriter writes the head of an archive whose entries are those of the receipt.
func (k Keys) NewArchiveWriter(to io.Writer, receipt Receipt) (*ArchiveWriter, error) {
	head, err := json.Marshal(receipt)
	if err != nil {
		return nil, fmt.Errorf("encode archive head: %w", err)
	}
	head = append([]byte(archiveMagic), append(head, '\n')...)
	if _, err := to.Write(head); err != nil {
		return nil, err
	}
	sealed, err := secret.NewSealedWriter(to, k.archive, head)
	if err != nil {
		return nil, err
	}
	return &ArchiveWriter{sealed: sealed, lines: bufio.NewWriterSize(sealed, 64<<10)}, nil
}

// Write appends an entry.
func (w *ArchiveWriter) Write(r *Record) error {
	text, err := r.MarshalJSON()
	if err == nil {
		_, err = w.lines.Write(append(text, '\n'))
	}
	return err
}

// Close ends the seal; the writer below stays open.
func (w *ArchiveWriter) Close() error {
	if err := w.lines.Flush(); err != nil {
		return err
	}
	return w.sealed.Close()
}

// Archive is an opened archive.
type Archive struct {
	Receipt
	Name    string
	entries io.Reader
}

// largestHead is in bytes; longer heads are not ours.
const largestHead = 4 << 10

// OpenArchive reads the archive's head. The name is for messages. The error is a fault of kind
// Invalid when the file is no archive, or was sealed under another key.
func (k Keys) OpenArchive(name string, from io.Reader) (Archive, error) {
	lines := bufio.NewReaderSize(from, largestHead)
	magic, err := lines.ReadSlice('\n')
	if err != nil || string(magic) != archiveMagic {
		return Archive{}, fault.New(fault.Invalid, "%s is not an archive of the audit log.", name)
	}
	head, err := lines.ReadSlice('\n')
	if err != nil {
		return Archive{}, fault.New(fault.Invalid, "%s is not a whole archive of the audit log.", name)
	}
	bound := append([]byte(archiveMagic), head...)
	archive := Archive{Name: name}
	if err := json.Unmarshal(head, &archive.Receipt); err != nil {
		return Archive{}, fault.Because(err, fault.Invalid, "%s is not a whole archive of the audit log.", name)
	}
	if archive.entries, err = secret.NewSealedReader(lines, k.archive, bound); err != nil {
		return Archive{}, fault.Because(err, fault.Invalid, "%s cannot be opened: it is %s.", name, err)
	}
	return archive, nil
}

// Each visits the archive's entries in order. It ends without an error only when the whole archive
// is authentic.
func (a Archive) Each(visit func(*Record) error) error {
	lines := json.NewDecoder(a.entries)
	for {
		var r Record
		err := lines.Decode(&r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(&r)
		}
		if err != nil {
			return err
		}
	}
}

// CheckArchive checks that the archive is whole, authentic and what the receipt stands for.
func (k Keys) CheckArchive(a Archive, receipt Receipt) *Problem {
	_, found := Verification{Keys: k}.checkArchive(a, evidence{receipts: []Receipt{receipt}}, Head{Installation: receipt.Installation})
	return found
}

// checkArchive checks the archive's entries and that they lead to where the database goes on.
func (v Verification) checkArchive(a Archive, e evidence, head Head) (int64, *Problem) {
	c := v.Keys.checker(a.First, a.PreviousHash, true, e.marks)
	var broken *Problem
	err := a.Each(func(r *Record) error {
		if broken = c.check(r); broken != nil {
			return errBroken
		}
		return nil
	})
	checked := c.next - a.First
	switch {
	case broken != nil:
		return checked, broken
	case err != nil:
		return checked, problem(c.next, Changed, "%s is %s after entry %d.", a.Name, secret.ErrStream, c.next-1)
	case a.Installation != head.Installation:
		return checked, problem(a.First, Unreadable, "%s belongs to another installation.", a.Name)
	case c.next != a.Last+1 || !bytes.Equal(c.previous, a.LastHash):
		return checked, problem(c.next, Missing, "%s ends with entry %d and not with %d.", a.Name, c.next-1, a.Last)
	}
	for _, receipt := range e.receipts {
		if receipt.First == a.First && receipt.Last == a.Last && bytes.Equal(receipt.LastHash, a.LastHash) && bytes.Equal(receipt.PreviousHash, a.PreviousHash) {
			return checked, nil
		}
	}
	return checked, problem(a.First, Missing, "The database knows no archive of the entries from %d to %d: it is older than %s, or the receipt was removed.", a.First, a.Last, a.Name)
}
