// Package backup makes backups of a whole installation while it serves, checks them, and restores
// them into an empty database of either kind.
package backup

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// magic is the first line of a backup; the second is its Head as JSON, and the rest is a sealed
// stream of compressed records (records.go). Both lines are bound into the seal.
const magic = "alpaca-trader backup 1\n"

// Head says what a backup is. It can be read without a key and tells no secret.
type Head struct {
	ID           string            `json:"id"`
	Installation string            `json:"installation"`
	At           time.Time         `json:"at"` // of the snapshot
	Schema       int64             `json:"schema"`
	Kind         string            `json:"kind"` // of the database that it was made from
	Key          []byte            `json:"key"`  // wrapped under ENCRYPTION_KEY
	Roots        map[string][]byte `json:"roots,omitempty"`
}

// RootKey returns the ENCRYPTION_KEY that the key service at the address had wrapped, nil when
// there was none.
func (h Head) RootKey(_ context.Context, address string) ([]byte, error) {
	return h.Roots[address], nil
}

const largestHead = 64 << 10 // bytes

var errForeign = fault.New(fault.Invalid, "This is not a backup of alpaca-trader, or its beginning is damaged. Nothing was changed.")

// errDamaged is the one sentence about everything that a whole backup cannot be.
var errDamaged = fault.New(fault.Invalid, "The backup is damaged or cut off. Take another one. Nothing was changed.")

// readHead reads the two lines and returns them as they stand, too.
func readHead(from *bufio.Reader) (head Head, lines []byte, err error) {
	first := make([]byte, len(magic))
	if _, err := io.ReadFull(from, first); err != nil || string(first) != magic {
		return head, nil, errForeign
	}
	second, err := readLine(from)
	if err != nil || json.Unmarshal(second, &head) != nil || head.ID == "" {
		return head, nil, errForeign
	}
	return head, append(first, second...), nil
}

func readLine(from *bufio.Reader) ([]byte, error) {
	var line []byte
	for len(line) < largestHead {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
	return nil, errForeign
}

// sealer writes a backup: what is written to it is compressed and sealed. It works in a goroutine
// of its own, so that rows are read meanwhile.
type sealer struct {
	blocks chan []byte
	block  []byte
	done   chan struct{}
	err    error // after done
}

const (
	blockSize   = 1 << 20 // bytes that go over at once
	blocksAhead = 4
)

// newSealer writes the head and returns the sealer. close it in any case.
func newSealer(to io.Writer, head Head, key []byte) (*sealer, error) {
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("encode backup head: %w", err)
	}
	lines := append([]byte(magic), append(text, '\n')...)
	if _, err := to.Write(lines); err != nil {
		return nil, err
	}
	buffered := bufio.NewWriterSize(to, blockSize)
	sealed, err := secret.NewSealedWriter(buffered, key, lines)
	if err != nil {
		return nil, err
	}
	s := &sealer{blocks: make(chan []byte, blocksAhead), done: make(chan struct{})}
	go s.work(sealed, buffered)
	return s, nil
}

func (s *sealer) work(sealed *secret.SealedWriter, buffered *bufio.Writer) {
	defer close(s.done)
	compressed, err := flate.NewWriter(sealed, flate.BestSpeed)
	for block := range s.blocks {
		if err == nil {
			_, err = compressed.Write(block)
		}
	}
	if err == nil {
		err = compressed.Close()
	}
	if err == nil {
		err = sealed.Close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	s.err = err
}

// Write takes the bytes; what goes wrong is said by close.
func (s *sealer) Write(plain []byte) (int, error) {
	s.block = append(s.block, plain...)
	if len(s.block) >= blockSize {
		s.blocks <- s.block
		s.block = make([]byte, 0, blockSize+blockSize/8)
	}
	return len(plain), nil
}

// close waits until everything is written; abandon leaves the rest out.
func (s *sealer) close(abandon bool) error {
	if !abandon {
		s.blocks <- s.block
	}
	close(s.blocks)
	<-s.done
	return s.err
}

// open returns the records of a backup, under the key of its head.
func open(from *bufio.Reader, lines, key []byte) (io.Reader, error) {
	plain, err := secret.NewSealedReader(from, key, bytes.Clone(lines))
	if err != nil {
		return nil, errDamaged
	}
	return bufio.NewReaderSize(flate.NewReader(plain), blockSize), nil
}
