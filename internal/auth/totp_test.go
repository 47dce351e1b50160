package auth_test

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"regexp"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// TestCodesOfTheStandard: RFC 6238, appendix B, SHA-1; six digits are the last of its eight.
func TestCodesOfTheStandard(t *testing.T) {
	t.Parallel()
	key := secret.NewText(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890")))
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		step, ok, err := auth.MatchTOTP(key, secret.NewText(code), time.Unix(at, 0))
		if err != nil || !ok || step != at/30 {
			t.Errorf("%s at %d: step %d, %v, %v", code, at, step, ok, err)
		}
		if step, ok, _ := auth.MatchTOTP(key, secret.NewText(code), time.Unix(at+30, 0)); !ok || step != at/30 {
			t.Errorf("%s one step later: step %d, %v", code, step, ok)
		}
		for _, wrong := range []int64{at - 30, at + 60} {
			if _, ok, _ := auth.MatchTOTP(key, secret.NewText(code), time.Unix(wrong, 0)); ok {
				t.Errorf("%s was taken %d s away", code, wrong-at)
			}
		}
	}
	for _, bad := range []string{"", "287", "28708", "2870820", "abcdef", "２８７０８２"} {
		if _, ok, err := auth.MatchTOTP(key, secret.NewText(bad), time.Unix(59, 0)); ok || err != nil {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
}

func TestSecretsAndTheirPicture(t *testing.T) {
	t.Parallel()
	made := auth.NewTOTPSecret()
	if !regexp.MustCompile(`^[A-Z2-7]{32}$`).MatchString(made.Reveal()) || made.Reveal() == auth.NewTOTPSecret().Reveal() {
		t.Fatalf("secret of %d characters", len(made.Reveal()))
	}
	picture, err := auth.TOTPPicture(made, "Jürgen & Söhne?")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil || decoded.Bounds().Dx() < 200 {
		t.Fatalf("picture: %v, %v", decoded.Bounds(), err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	shown, codes := auth.NewRecoveryCodes()
	seen := map[string]bool{}
	for i, text := range shown {
		if !regexp.MustCompile(`^([A-Z2-7]{4}-){6}[A-Z2-7]{4}$`).MatchString(text) || seen[text] {
			t.Errorf("code %q", text)
		}
		seen[text] = true
		for _, typed := range []string{text, " " + text + " ", codes[i].Reveal()} {
			if code, isRecovery := auth.ReadCode(secret.NewText(typed)); !isRecovery || code.Reveal() != codes[i].Reveal() {
				t.Errorf("%q was read as %q", typed, code.Reveal())
			}
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d codes", len(seen))
	}
	earlier := secret.NewText("abcd-2345-efgh-6723-ijkl-4567") // 24 characters: 120 bits
	if code, isRecovery := auth.ReadCode(earlier); !isRecovery || code.Reveal() != "ABCD2345EFGH6723IJKL4567" {
		t.Errorf("a code of an earlier version was read as %q", code.Reveal())
	}
	if code, isRecovery := auth.ReadCode(secret.NewText("123 456")); isRecovery || code.Reveal() != "123456" {
		t.Errorf("a short code was read as %q", code.Reveal())
	}
}
