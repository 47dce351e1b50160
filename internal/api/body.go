package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

const (
	largestBody  = 1 << 20 // bytes
	deepestBody  = 16      // nested objects and lists
	bodySentence = "The request body "
)

// strictJSON reads bodies: one JSON value in UTF-8, no key twice (also not in another case, which
// encoding/json takes for the same), nothing after it, not too deep, and null only where it means
// something (huma takes it for an absent field anywhere).
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if err := checkJSON(data); err != nil {
			return errors.New(bodySentence + err.Error())
		}
		if err := json.Unmarshal(data, v); err != nil { // its text would repeat what was sent
			return errors.New(bodySentence + "has a value that is too large or of the wrong kind.")
		}
		return nil
	},
}

// checkJSON returns nil or the end of a sentence that starts with "The request body".
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("is not valid UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := checkValue(decoder, "", 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("has something after its JSON value.")
	}
	return nil
}

// nullable are the fields that take null. The last two are of what some browsers tell of a passkey.
var nullable = map[string]bool{"schedule_cron": true, "userHandle": true, "authenticatorAttachment": true}

// checkValue reads one value; key is where it stands, empty in a list and at the top.
func checkValue(decoder *json.Decoder, key string, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return malformed(err, decoder)
	}
	switch token := token.(type) {
	case nil:
		if key == "" {
			return errors.New("has null where it needs a value.")
		}
		if !nullable[key] {
			return fmt.Errorf("has null for %q; leave it out or give it a value.", key)
		}
	case json.Delim:
		return checkMembers(decoder, depth+1, token == '{')
	case string:
		return checkText(token)
	}
	return nil
}

// checkText refuses NUL, which PostgreSQL keeps in no text and which nobody types.
func checkText(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("has a NUL character in a text; leave it out.")
	}
	return nil
}

// checkMembers reads the rest of an object or a list, to its closing bracket.
func checkMembers(decoder *json.Decoder, depth int, object bool) error {
	if depth > deepestBody {
		return errors.New("is nested too deeply.")
	}
	seen := map[string]bool{}
	for decoder.More() {
		key := ""
		if object {
			var err error
			if key, err = checkKey(decoder, seen); err != nil {
				return err
			}
		}
		if err := checkValue(decoder, key, depth); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return malformed(err, decoder)
	}
	return nil
}

func checkKey(decoder *json.Decoder, seen map[string]bool) (string, error) {
	token, err := decoder.Token()
	if err != nil {
		return "", malformed(err, decoder)
	}
	key, _ := token.(string) // the decoder lets nothing else pass
	if err := checkText(key); err != nil {
		return "", err
	}
	folded := strings.ToLower(key)
	if seen[folded] {
		return "", fmt.Errorf("has the key %q twice.", key)
	}
	seen[folded] = true
	return key, nil
}

func malformed(err error, decoder *json.Decoder) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("is not valid JSON: it ends too early.")
	}
	return fmt.Errorf("is not valid JSON near byte %d.", decoder.InputOffset())
}
