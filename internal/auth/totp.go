package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/skip2/go-qrcode"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Time-based one-time passwords (RFC 6238) as every authenticator app makes them: HMAC-SHA-1, six
// digits, steps of 30 seconds.
const (
	totpDigits      = 6
	totpStep        = 30 // seconds
	totpSecretBytes = 20 // 160 bits (RFC 4226, section 4, R6)
	totpIssuer      = "Alpaca Trader"
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTPSecret returns 160 random bits in base32, as authenticator apps take them.
func NewTOTPSecret() secret.Text { return secret.NewText(randomBase32(totpSecretBytes)) }

func randomBase32(size int) string {
	bits := make([]byte, size)
	_, _ = rand.Read(bits) // crypto/rand.Read never fails
	return base32Text.EncodeToString(bits)
}

// MatchTOTP returns the time step whose code this is: that of now, or the one before it for a
// clock that is late or a person who is slow. Whether the step was used before is the store's to know.
func MatchTOTP(totpSecret, code secret.Text, now time.Time) (step int64, ok bool, err error) {
	current := now.Unix() / totpStep
	for _, candidate := range []int64{current, current - 1} {
		want, err := totpCode(totpSecret, candidate)
		if err != nil {
			return 0, false, err
		}
		if !ok && subtle.ConstantTimeCompare([]byte(want), []byte(code.Reveal())) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok, nil
}

func totpCode(totpSecret secret.Text, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(totpSecret.Reveal(), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("make a one-time code: %w", err)
	}
	return code, nil
}

// TOTPPicture returns the PNG that an authenticator app scans: a QR code of the key URI
// (github.com/google/google-authenticator/wiki/Key-Uri-Format).
func TOTPPicture(totpSecret secret.Text, username string) ([]byte, error) {
	query := url.Values{
		"secret": {totpSecret.Reveal()}, "issuer": {totpIssuer}, "algorithm": {"SHA1"},
		"digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(totpStep)},
	}
	uri := "otpauth://totp/" + url.PathEscape(totpIssuer+":"+username) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	picture, err := qrcode.Encode(uri, qrcode.Medium, 320)
	if err != nil {
		return nil, fmt.Errorf("draw the QR code: %w", err)
	}
	return picture, nil
}

// Recovery codes. Those of earlier versions were shorter (120 bits) and stay valid.
const (
	RecoveryCodeCount         = 10
	recoveryCodeLength        = 28 // 140 bits
	earlierRecoveryCodeLength = 24
	recoveryCodeGroup         = 4 // characters between hyphens
)

// NewRecoveryCodes returns the codes as they are shown, in groups, and as ReadCode returns them.
func NewRecoveryCodes() (shown []string, codes []secret.Text) {
	for range RecoveryCodeCount {
		code := randomBase32(recoveryCodeLength*5/8 + 1)[:recoveryCodeLength]
		shown, codes = append(shown, inGroups(code, recoveryCodeGroup)), append(codes, secret.NewText(code))
	}
	return shown, codes
}

// inGroups writes a hyphen after each group of that many characters but the last.
func inGroups(code string, size int) string {
	var groups []string
	for start := 0; start < len(code); start += size {
		groups = append(groups, code[start:min(start+size, len(code))])
	}
	return strings.Join(groups, "-")
}

// ReadCode takes what somebody typed: spaces and hyphens are ignored, case as well. A recovery code
// is told by its length.
func ReadCode(typed secret.Text) (code secret.Text, isRecovery bool) {
	text := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(typed.Reveal()))
	return secret.NewText(text), len(text) == recoveryCodeLength || len(text) == earlierRecoveryCodeLength
}
