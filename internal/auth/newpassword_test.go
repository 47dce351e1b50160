package auth_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestNewPasswords(t *testing.T) {
	t.Parallel()
	for password, says := range map[string]string{
		"1234567":                                "at least 8",
		"äöüäöüä":                                "at least 8",
		strings.Repeat("x", 129):                 "at most 128",
		"password":                               "most common",
		"PassWord1":                              "most common",
		"Ann.Smith":                              "must differ",
		"ann@example.com":                        "must differ",
		"ann-mail":                               "must differ",
		"bad\xfftext!":                           "not valid text",
		"Smith-Ann-2024":                         "your own name",
		"$m1th&ann!":                             "your own name",
		"Alpaca-Trader-99":                       "words of this program",
		"4lpaca.Portfol1o":                       "words of this program",
		"Tr@d3r_Dashboard":                       "words of this program",
		"        x":                              "easy to guess",
		strings.Repeat("ä", 128):                 "easy to guess",
		"24.12.1984":                             "easy to guess",
		"tr0ub4dor&3":                            "",
		"        calm  desk ":                    "",
		"Größe, Maß & Ziel":                      "",
		"马 电池 订书钉 正确":                            "",
		"\t\x01\u200bzq#🦙🧵🪁":                     "",
		strings.Repeat("calm desk ", 6) + "1234": "",
		"alpaca eats paper at dawn":              "",
	} {
		err := auth.ValidatePassword(password, "ann.smith", map[bool]string{true: "ann-mail@example.com", false: "ann@example.com"}[password == "ann-mail"])
		switch {
		case says == "" && err != nil:
			t.Errorf("%q: %v", password, err)
		case says != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), says)):
			t.Errorf("%q: %v, want something with %q", password, err, says)
		}
	}
}

// TestCommonPasswordsAreRefused tries every password of the list that is long enough: many more than
// the 3,000 that ASVS asks for.
func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("common_passwords.txt")
	if err != nil {
		t.Fatal(err)
	}
	longEnough := 0
	for password := range strings.Lines(string(content)) {
		password = strings.TrimSuffix(password, "\n")
		if utf8.RuneCountInString(password) < auth.ShortestPassword {
			continue
		}
		if longEnough++; longEnough%100 != 0 { // each reads the whole list
			continue
		}
		for _, spelling := range []string{password, strings.ToUpper(password)} {
			if err := auth.ValidatePassword(spelling, "zorblatt", "zorblatt@example.org"); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", spelling, err)
			}
		}
	}
	if longEnough < 15000 {
		t.Fatalf("the list has only %d passwords of %d characters or more", longEnough, auth.ShortestPassword)
	}
}

// TestWeakPasswordsAreThoseOfThePage compares with what the page's estimate, zxcvbn-ts, says of the
// same passwords: refused is what it calls weak or very weak.
func TestWeakPasswordsAreThoseOfThePage(t *testing.T) {
	t.Parallel()
	weak := []string{
		"        x", "password123!", "qwertyuiop", "summer2024", "letmein99", "1qaz2wsx", "1qaz2wsx3edc",
		"zxcvbnm123", "abcdefghijk", "aaaaaaaaaaaa", "abcabcabcabc", "24121984", "24.12.1984", "michael1984",
		"Dragon!Dragon!", "P@ssw0rd!!", "12345678x", "asdfghjkl;'", "9876543210a", "gnihtemos1", "drowssap12",
		"footballfan", "mypassword1", "ILoveYou22", "november1999", "äöüäöüäö", "用户名用户名用户", "starwars77",
		"liverpool fc", "trustno1trustno1", "sunshine!1", "applepie", "guest0000",
	}
	strong := []string{
		"tr0ub4dor&3", "correct horse", "correct horse battery", "Alpaca-2024", "Summer2024!", "hunter2secret",
		"not the password", "wrong guess", "a calm desk, no casino", "1984-12-24x", "jessica&thomas", "x7#kQ9vL",
		"kQ9vLm2z", "zorblatt99", "monkey shadow", "Tuesday.7", "rtyhgbnm", "qwerty!qwerty", "verylongbutsimple",
		"blue42sky", "ninja-turtle", "catdogbird", "chocolate cake", "red green blue", "superman batman",
	}
	for _, password := range weak {
		if err := auth.ValidatePassword(password, "zorblatt", "zorblatt@example.org"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q, which the page calls weak: %v", password, err)
		}
	}
	for _, password := range strong {
		err := auth.ValidatePassword(password, "somebody", "else@example.org")
		if err != nil && !strings.Contains(err.Error(), "words of this program") {
			t.Errorf("%q, which the page does not call weak: %v", password, err)
		}
	}
}

// TestTheContextsWordsAreDocumented: who runs an installation can read what is refused.
func TestTheContextsWordsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/SIGNIN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range auth.ContextWords {
		if !strings.Contains(string(page), "`"+word+"`") {
			t.Errorf("docs/SIGNIN.md does not list %q", word)
		}
	}
}

// FuzzValidatePassword looks for a panic, an endless loop and an answer that is no fault.
func FuzzValidatePassword(f *testing.F) {
	for _, seed := range []string{"", "correct horse", "aaaaaaaaaaaa", "1qaz2wsx", "24.12.1984", "\xff", "äöü用户", "P@ssw0rd!!"} {
		f.Add(seed, "ann.smith", "ann@example.com")
	}
	f.Fuzz(func(t *testing.T, password, username, email string) {
		if err := auth.ValidatePassword(password, username, email); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%q: %v", password, err)
		}
	})
}
