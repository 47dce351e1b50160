package api

import (
	"context"
	"net/http"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// deviceCookie names the cookie by which a browser is known where its user has signed in before. It
// opens nothing: it only keeps the failures of strangers from slowing its user down.
func (s *server) deviceCookie() string {
	if s.Secure {
		return "__Host-device"
	}
	return "device"
}

// longestDevice is more than any token of ours has.
const longestDevice = 128

func (s *server) deviceOf(r *http.Request) secret.Text {
	cookie, err := r.Cookie(s.deviceCookie())
	if err != nil || len(cookie.Value) > longestDevice {
		return secret.Text{}
	}
	return secret.NewText(cookie.Value)
}

func (s *server) rememberDevice(ctx context.Context, token secret.Text) {
	cookie := http.Cookie{
		Name: s.deviceCookie(), Value: token.Reveal(), Path: "/", MaxAge: int(auth.KnownDeviceFor.Seconds()),
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	requestOf(ctx).header.Add("Set-Cookie", cookie.String())
}
