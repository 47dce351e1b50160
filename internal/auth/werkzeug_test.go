package auth_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// What werkzeug 3 made of the password, at low cost and at its standard one, and what the
// definitions give for the same with salts of another length.
const werkzeugPassword = "correct horse battery ü"

var werkzeugHashes = []string{
	"pbkdf2:sha256:1000$b9hjCs4vZ8pD7zuv$23fb293e2a5efd408bbeb0dbc8bbc8be4bf9c71ce8e803209b7a4e9625104f89",
	"pbkdf2:sha256:1000$saltsalt$50d6997968ad7c186792f262fa36af2dc25a7097e986ba69dae23b2296840c9b",
	"scrypt:1024:8:1$xeJkoaRV7SGmk0ZA$5b9e52de84af46f91bd81c13b6838781df4c30e0d502a53a41bbb4084966dadaf136470f95487e52bf393267def695df40c13d6b815bb4002d999901c84fb5ff",
	"scrypt:1024:8:1$abcdef$045137231038dcb151f1b4aeabbc22ecf1e1552e1f01788efc5225a6f71743b5caa757eb026094abb3fafd49dfc365da372b43d0f43f49b1c356a35ddbd23c0d",
	"scrypt:32768:8:1$yLqi9IXaLom9hScX$aa5240f8adcbaee806600087ac8330af82597d9e6ef2ba064b19415004fc8e1c53f8f2294130f0ad2a7716cc367b38492ac0f061ba35df34973c3aaba27b6d3b",
}

func TestHashesOfTheEarlierProgram(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	for _, hash := range werkzeugHashes {
		for password, want := range map[string]bool{werkzeugPassword: true, werkzeugPassword + " ": false, "": false} {
			if got, err := passwords.Verify(t.Context(), password, hash); err != nil || got != want {
				t.Errorf("%q, %.20s: %v, %v", password, hash, got, err)
			}
		}
		if !passwords.NeedsRehash(hash) {
			t.Errorf("%.20s would be kept", hash)
		}
	}
}

func TestDamagedHashesOfTheEarlierProgram(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	key := strings.Repeat("00", 32)
	for _, hash := range []string{
		"pbkdf2:sha256:1000", "pbkdf2:sha256:1000$salt", "pbkdf2:sha256:1000$$" + key, "pbkdf2:sha256:1000$salt$zz",
		"pbkdf2:sha256:0$salt$" + key, "pbkdf2:sha256:-5$salt$" + key, "pbkdf2:sha256:99999999999$salt$" + key,
		"pbkdf2:sha256:20000000$salt$" + key, "pbkdf2:sha1:1000$salt$" + key, "pbkdf2:$salt$" + key,
		"scrypt:1024:8$salt$" + key, "scrypt:1000:8:1$salt$" + key, "scrypt:1073741824:8:1$salt$" + key,
		"scrypt:1024:1073741824:1$salt$" + key, "scrypt:1024:8:1000$salt$" + key, "scrypt:a:b:c$salt$" + key, "scrypt:0:0:0$salt$" + key,
	} {
		if matches, err := passwords.Verify(t.Context(), werkzeugPassword, hash); err == nil || matches {
			t.Errorf("%q was taken: %v", hash, matches)
		}
	}
}

func FuzzHashesOfTheEarlierProgram(f *testing.F) {
	for _, hash := range werkzeugHashes[:4] {
		f.Add(hash)
	}
	passwords := auth.NewPasswords(cheap)
	f.Fuzz(func(t *testing.T, hash string) {
		method, rest, _ := strings.Cut(hash, "$")
		if len(method) > len("pbkdf2:sha256:1000") { // more work than a fuzz run has time for
			method = method[:len("pbkdf2:sha256:1000")]
		}
		if matches, _ := passwords.Verify(t.Context(), "a password that no seed has", method+"$"+rest); matches {
			t.Errorf("%q took another password", hash)
		}
	})
}

// FuzzStoredHashes: what stands in the database as a hash never panics, takes memory without bound
// or matches by itself.
func FuzzStoredHashes(f *testing.F) {
	for _, hash := range []string{
		"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
		"$argon2id$v=19$m=65536,t=4294967295,p=255$c2FsdHNhbHQ$aGFzaA", "$argon2id$v=19$m=0,t=0,p=0$$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "$$$$$", "argon2id",
	} {
		f.Add(hash)
	}
	passwords := auth.NewPasswords(cheap)
	f.Fuzz(func(t *testing.T, hash string) {
		if hash == "" {
			return // nobody: compared with a dummy
		}
		if matches, err := passwords.Verify(t.Context(), "not the password of any hash", hash); matches {
			t.Errorf("%q matches: %v", hash, err)
		}
		_ = passwords.NeedsRehash(hash)
	})
}
