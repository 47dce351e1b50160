// Package notify tells others what happened.
package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Webhook posts texts to one address that the operator configured.
type Webhook struct {
	address string
	client  *http.Client
}

// webhookTimeout bounds one attempt.
const webhookTimeout = 10 * time.Second

// NewWebhook returns a webhook of the address, which config has checked: https, or http on this
// machine. It follows no redirects.
func NewWebhook(address string) *Webhook {
	return &Webhook{address, &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post sends the text as plain text; any answer but 2xx is an error. The error does not hold the
// address, which may carry a secret.
func (w *Webhook) Post(ctx context.Context, text string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, strings.NewReader(text))
	if err != nil {
		return fmt.Errorf("make webhook request: the address is not valid")
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("post to webhook: %w", withoutAddress(err))
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // lets the connection be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("post to webhook: it answers %d", response.StatusCode)
	}
	return nil
}

// withoutAddress is the cause inside of the client's error, which repeats the address.
func withoutAddress(err error) error {
	var whole *url.Error
	if errors.As(err, &whole) {
		return whole.Err
	}
	return err
}
