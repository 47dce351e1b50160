package auth

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Users who come from the earlier program bring hashes of werkzeug.security.generate_password_hash:
//
//	pbkdf2:sha256:ITERATIONS$SALT$HEX
//	scrypt:N:R:P$SALT$HEX
//
// The salt is text, used as it stands. Such a hash verifies one sign-in and is then replaced.

// What is accepted of an imported hash: no more work than a hundred of our own hashes.
const (
	mostPBKDF2Rounds = 10_000_000
	mostScryptMemory = 256 << 20 // bytes: 128·N·R
	mostScryptLanes  = 16
	pbkdf2KeyBytes   = sha256.Size
	scryptKeyBytes   = 64
)

var errWerkzeug = errors.New("not a password hash of a known kind")

// isWerkzeug reports whether the hash is of the earlier program.
func isWerkzeug(hash string) bool {
	return strings.HasPrefix(hash, "pbkdf2:") || strings.HasPrefix(hash, "scrypt:")
}

// verifyWerkzeug reports whether the password matches the hash.
func verifyWerkzeug(password, hash string) (bool, error) {
	method, rest, _ := strings.Cut(hash, "$")
	salt, digits, found := strings.Cut(rest, "$")
	want, err := hex.DecodeString(digits)
	if !found || err != nil || salt == "" {
		return false, errWerkzeug
	}
	derive, parameters, _ := strings.Cut(method, ":")
	var got []byte
	switch derive {
	case "pbkdf2":
		got, err = werkzeugPBKDF2(password, salt, parameters)
	case "scrypt":
		got, err = werkzeugScrypt(password, salt, parameters)
	default:
		err = errWerkzeug
	}
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func werkzeugPBKDF2(password, salt, parameters string) ([]byte, error) {
	digest, text, _ := strings.Cut(parameters, ":")
	rounds, err := strconv.Atoi(text)
	if err != nil || digest != "sha256" || rounds < 1 || rounds > mostPBKDF2Rounds {
		return nil, errWerkzeug
	}
	return pbkdf2.Key(sha256.New, password, []byte(salt), rounds, pbkdf2KeyBytes)
}

func werkzeugScrypt(password, salt, parameters string) ([]byte, error) {
	var cost [3]int
	parts := strings.Split(parameters, ":")
	if len(parts) != len(cost) {
		return nil, errWerkzeug
	}
	for i, part := range parts {
		value, err := strconv.Atoi(part)
		if err != nil || value < 1 || value > mostScryptMemory {
			return nil, errWerkzeug
		}
		cost[i] = value
	}
	if cost[0] > mostScryptMemory/128/cost[1] || cost[2] > mostScryptLanes {
		return nil, errWerkzeug
	}
	return scrypt.Key([]byte(password), []byte(salt), cost[0], cost[1], cost[2], scryptKeyBytes)
}
