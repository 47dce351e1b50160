package secret

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A sealed stream is a salt of 32 bytes and then chunks: the length of the ciphertext in four
// bytes, and AES-256-GCM of up to 64 KiB under a key that HKDF-SHA256 derives for this salt. The
// nonce is the chunk's number and, in its last byte, whether it is the last one, so that chunks
// can be neither moved nor cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
// Vizár, 2015).
const (
	streamChunk = 64 << 10
	streamLabel = "alpaca-trader/sealed stream/v1"
	gcmTag      = 16
)

// ErrStream is a sealed stream that is damaged, cut off, or sealed under another key.
var ErrStream = errors.New("damaged, cut off, or sealed under another key")

type streamCipher struct {
	aead       cipher.AEAD
	associated []byte
	count      uint64
}

func newStreamCipher(key, salt, associated []byte) (*streamCipher, error) {
	derived, err := hkdf.Key(sha256.New, key, salt, streamLabel, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive stream key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &streamCipher{aead: aead, associated: associated}, err
}

func (s *streamCipher) nonce(last bool) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[3:], s.count)
	s.count++
	if last {
		nonce[11] = 1
	}
	return nonce
}

// SealedWriter seals what is written to it. Close writes the last chunk; it does not close the
// writer below.
type SealedWriter struct {
	stream *streamCipher
	to     io.Writer
	chunk  []byte
}

// NewSealedWriter writes a new salt to the writer and returns what seals under the key, bound to
// the associated data.
func NewSealedWriter(to io.Writer, key, associated []byte) (*SealedWriter, error) {
	salt := randomKey()
	stream, err := newStreamCipher(key, salt, bytes.Clone(associated))
	if err != nil {
		return nil, err
	}
	_, err = to.Write(salt)
	return &SealedWriter{stream: stream, to: to}, err
}

// Write takes all of the bytes, or returns the error of the writer below.
func (w *SealedWriter) Write(plain []byte) (int, error) {
	count := len(plain)
	for len(plain) > 0 {
		if len(w.chunk) == streamChunk {
			if err := w.flush(false); err != nil {
				return 0, err
			}
		}
		fits := min(streamChunk-len(w.chunk), len(plain))
		w.chunk = append(w.chunk, plain[:fits]...)
		plain = plain[fits:]
	}
	return count, nil
}

// Close writes the last chunk.
func (w *SealedWriter) Close() error { return w.flush(true) }

func (w *SealedWriter) flush(last bool) error {
	sealed := make([]byte, 4, 4+len(w.chunk)+gcmTag)
	binary.BigEndian.PutUint32(sealed, uint32(len(w.chunk)+gcmTag))
	sealed = w.stream.aead.Seal(sealed, w.stream.nonce(last), w.chunk, w.stream.associated)
	w.chunk = w.chunk[:0]
	_, err := w.to.Write(sealed)
	return err
}

// SealedReader opens what a SealedWriter wrote. It gives out only what is authentic; it ends with
// io.EOF only when the whole stream was there, and with ErrStream otherwise.
type SealedReader struct {
	stream *streamCipher
	from   *bufio.Reader
	plain  []byte
	ended  bool
}

// NewSealedReader reads the salt; a short one is ErrStream.
func NewSealedReader(from io.Reader, key, associated []byte) (*SealedReader, error) {
	salt := make([]byte, keySize)
	if _, err := io.ReadFull(from, salt); err != nil {
		return nil, ErrStream
	}
	stream, err := newStreamCipher(key, salt, bytes.Clone(associated))
	return &SealedReader{stream: stream, from: bufio.NewReader(from)}, err
}

// Read fills part of the target.
func (r *SealedReader) Read(target []byte) (int, error) {
	for len(r.plain) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	count := copy(target, r.plain)
	r.plain = r.plain[count:]
	return count, nil
}

func (r *SealedReader) next() error {
	var length [4]byte
	if _, err := io.ReadFull(r.from, length[:]); err != nil {
		return ErrStream
	}
	size := binary.BigEndian.Uint32(length[:])
	if size < gcmTag || size > streamChunk+gcmTag {
		return ErrStream
	}
	sealed := make([]byte, size)
	if _, err := io.ReadFull(r.from, sealed); err != nil {
		return ErrStream
	}
	_, err := r.from.Peek(1)
	r.ended = errors.Is(err, io.EOF)
	if r.plain, err = r.stream.aead.Open(sealed[:0], r.stream.nonce(r.ended), sealed, r.stream.associated); err != nil {
		return ErrStream
	}
	return nil
}
