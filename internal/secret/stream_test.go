package secret_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

var streamKey = bytes.Repeat([]byte{9}, 32)

func sealStream(t testing.TB, plain []byte) []byte {
	t.Helper()
	var sealed bytes.Buffer
	writer, err := secret.NewSealedWriter(&sealed, streamKey, []byte("place"))
	if err != nil {
		t.Fatal(err)
	}
	for len(plain) > 0 { // in uneven pieces
		count, err := writer.Write(plain[:min(len(plain), 10007)])
		if err != nil {
			t.Fatal(err)
		}
		plain = plain[count:]
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return sealed.Bytes()
}

func openStream(sealed, key, place []byte) ([]byte, error) {
	reader, err := secret.NewSealedReader(bytes.NewReader(sealed), key, place)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

func TestASealedStreamOpensWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 65535, 65536, 65537, 200000} {
		plain := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		sealed := sealStream(t, plain)
		if got, err := openStream(sealed, streamKey, []byte("place")); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
		if _, err := openStream(sealed, streamKey, []byte("elsewhere")); !errors.Is(err, secret.ErrStream) {
			t.Errorf("%d bytes open in another place: %v", size, err)
		}
		if _, err := openStream(sealed, bytes.Repeat([]byte{8}, 32), []byte("place")); !errors.Is(err, secret.ErrStream) {
			t.Errorf("%d bytes open under another key: %v", size, err)
		}
		for _, cut := range []int{0, 10, 32, 36, len(sealed) / 2, len(sealed) - 1} {
			if _, err := openStream(sealed[:min(cut, len(sealed)-1)], streamKey, []byte("place")); !errors.Is(err, secret.ErrStream) {
				t.Errorf("%d bytes cut at %d: %v", size, cut, err)
			}
		}
	}
}

func TestChunksOfASealedStreamStayInPlace(t *testing.T) {
	t.Parallel()
	const head, chunk = 32, 4 + 65536 + 16
	sealed := sealStream(t, make([]byte, 3*65536+5))
	first, second := sealed[head:head+chunk], sealed[head+chunk:head+2*chunk]
	for what, changed := range map[string][]byte{
		"exchanged": bytes.Join([][]byte{sealed[:head], second, first, sealed[head+2*chunk:]}, nil),
		"repeated":  bytes.Join([][]byte{sealed[:head], first, first, sealed[head+chunk:]}, nil),
		"left out":  bytes.Join([][]byte{sealed[:head], first, sealed[head+2*chunk:]}, nil),
		"cut whole": sealed[:head+2*chunk],
		"longer":    append(bytes.Clone(sealed), 0),
	} {
		if _, err := openStream(changed, streamKey, []byte("place")); !errors.Is(err, secret.ErrStream) {
			t.Errorf("chunks %s: %v", what, err)
		}
	}
}

func FuzzSealedReader(f *testing.F) {
	sealed := sealStream(f, []byte("hello"))
	f.Add(sealed)
	f.Add(sealed[:40])
	f.Fuzz(func(t *testing.T, content []byte) {
		if got, err := openStream(content, streamKey, []byte("place")); err == nil && string(got) != "hello" {
			t.Errorf("%q was never sealed and opens as %q", content, got)
		}
	})
}
