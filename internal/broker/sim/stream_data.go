package sim

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	authWithin    = 10 * time.Second // of machine time
	freeSymbols   = 30               // trades and quotes of the free plan
	mostInMessage = 500
)

// The errors of the market data stream (RULES 8.1).
var (
	streamInvalid     = streamError(400, "invalid syntax")
	streamNotSignedIn = streamError(401, "not authenticated")
	streamAuthFailed  = streamError(402, "auth failed")
	streamSignedIn    = streamError(403, "already authenticated")
	streamAuthTimeout = streamError(404, "auth timeout")
	streamTooMany     = streamError(405, "symbol limit exceeded")
	streamOneOnly     = streamError(406, "connection limit exceeded")
	streamPlan        = streamError(409, "insufficient subscription")
	streamAction      = streamError(410, "invalid subscribe action for this feed")
)

func streamError(code int, text string) message {
	return message{{"T", "error"}, {"code", code}, {"msg", text}}
}

func streamSuccess(text string) message { return message{{"T", "success"}, {"msg", text}} }

// dataStream is one client of /v2/{feed}.
type dataStream struct {
	*call
	socket *socket
	codec  codec
	feed   string
	ticker ticker
	late   <-chan struct{} // closed when the client should have signed in
	since  time.Time       // everything up to here was sent
	fault  int             // and what was armed until this one
	signed bool
	wanted subscriptions
}

// dataRequest is what a client of a market data stream sends.
type dataRequest struct {
	Action        string `json:"action" msgpack:"action"`
	Key           string `json:"key" msgpack:"key"`
	Secret        string `json:"secret" msgpack:"secret"`
	subscriptions `msgpack:",inline"`
}

func serveDataStream(c *call) (answer, error) {
	return c.converse(func(ctx context.Context, one *socket) (speaker, error) {
		feed, late := c.path["feed"], make(chan struct{})
		stream := &dataStream{
			call: c, socket: one, codec: codecOf(c.request.Header.Get("Content-Type")), feed: feed, ticker: c.tickerOf(feed), late: late,
		}
		one.binary = stream.codec.msgpack
		time.AfterFunc(authWithin, func() { close(late) })
		return stream, stream.welcome(ctx)
	})
}

// welcome greets the client, and signs it in when its handshake carries keys.
func (d *dataStream) welcome(ctx context.Context) error {
	if err := d.send(ctx, streamSuccess("connected")); err != nil {
		return err
	}
	if key, secret := d.keys(); key != "" {
		return d.send(ctx, d.authenticate(key, secret))
	}
	return nil
}

// answer handles one message of the client. An error of its own making leaves it connected: the
// Go SDK tries again on the same socket after 406.
func (d *dataStream) answer(ctx context.Context, content []byte) error {
	var request dataRequest
	if err := d.codec.decode(content, &request); err != nil {
		return d.send(ctx, streamInvalid)
	}
	switch {
	case request.Action == "auth":
		return d.send(ctx, d.authenticate(request.Key, request.Secret))
	case !d.signed:
		return d.send(ctx, streamNotSignedIn)
	case request.Action == "subscribe":
		return d.send(ctx, d.subscribe(d.wanted.with(request.subscriptions)))
	case request.Action == "unsubscribe":
		return d.send(ctx, d.subscribe(d.wanted.without(request.subscriptions)))
	case request.Action == "":
		return d.send(ctx, streamInvalid)
	default:
		return d.send(ctx, streamAction)
	}
}

func (d *dataStream) authenticate(key, secret string) message {
	if d.signed {
		return streamSignedIn
	}
	if key == "oauth" || key == "access_token" {
		key, secret = tokenKeys(secret)
	}
	if _, err := d.signIn(key, secret); err != nil {
		return streamAuthFailed
	}
	if d.config.FreePlan && !slices.Contains([]string{"iex", "test", "delayed_sip"}, d.feed) {
		return streamPlan
	}
	if !d.sockets.claim(d.socket, key, true) {
		return streamOneOnly
	}
	d.signed, d.since, d.fault = true, d.ticker.now(), d.ticker.lastFault()
	return streamSuccess("authenticated")
}

// subscribe replaces what the client wants and lists all of it.
func (d *dataStream) subscribe(wanted subscriptions) message {
	if d.config.FreePlan && len(wanted.Trades)+len(wanted.Quotes) > freeSymbols {
		return streamTooMany
	}
	d.wanted = wanted
	return wanted.message()
}

// tell sends what has happened on the market, and says when its time has moved on.
func (d *dataStream) tell(ctx context.Context) (again, late <-chan struct{}, err error) {
	if !d.signed {
		return nil, d.late, d.timeOut(ctx)
	}
	moved := d.ticker.moved()
	untold := interval{after: d.since, until: d.ticker.now(), fault: d.fault, last: d.ticker.lastFault()}
	d.since, d.fault = untold.until, untold.last
	happened := d.wanted.during(d.ticker, untold)
	for part := range slices.Chunk(happened, mostInMessage) {
		if d.struck(d.socket) {
			break
		}
		if err := d.send(ctx, part...); err != nil {
			return nil, nil, err
		}
	}
	return moved, nil, nil
}

// timeOut ends a stream whose client has not signed in within its time.
func (d *dataStream) timeOut(ctx context.Context) error {
	select {
	case <-d.late:
		return errors.Join(d.send(ctx, streamAuthTimeout), errOver)
	default:
		return nil
	}
}

// send writes an array; of a control message it holds one, because the Go SDK wants exactly one.
func (d *dataStream) send(ctx context.Context, messages ...message) error {
	content, err := d.codec.encode(messages)
	if err != nil {
		return err
	}
	return d.socket.send(ctx, content)
}

// subscriptions are the symbols that a client wants of each kind; "*" is all of them.
type subscriptions struct {
	Trades      []string `json:"trades" msgpack:"trades"`
	Quotes      []string `json:"quotes" msgpack:"quotes"`
	Bars        []string `json:"bars" msgpack:"bars"`
	UpdatedBars []string `json:"updatedBars" msgpack:"updatedBars"`
	DailyBars   []string `json:"dailyBars" msgpack:"dailyBars"`
	Statuses    []string `json:"statuses" msgpack:"statuses"`
	LULDs       []string `json:"lulds" msgpack:"lulds"`
	Imbalances  []string `json:"imbalances" msgpack:"imbalances"`
	News        []string `json:"news" msgpack:"news"`
}

// with adds symbols.
func (s subscriptions) with(more subscriptions) subscriptions {
	return s.each(more, func(mine, theirs []string) []string {
		return slices.Compact(slices.Sorted(slices.Values(slices.Concat(mine, theirs))))
	})
}

// without takes symbols away.
func (s subscriptions) without(fewer subscriptions) subscriptions {
	return s.each(fewer, func(mine, theirs []string) []string {
		return slices.DeleteFunc(slices.Clone(mine), func(symbol string) bool { return slices.Contains(theirs, symbol) })
	})
}

func (s subscriptions) each(o subscriptions, combine func(mine, theirs []string) []string) subscriptions {
	return subscriptions{
		Trades: combine(s.Trades, o.Trades), Quotes: combine(s.Quotes, o.Quotes), Bars: combine(s.Bars, o.Bars),
		UpdatedBars: combine(s.UpdatedBars, o.UpdatedBars), DailyBars: combine(s.DailyBars, o.DailyBars),
		Statuses: combine(s.Statuses, o.Statuses), LULDs: combine(s.LULDs, o.LULDs),
		Imbalances: combine(s.Imbalances, o.Imbalances), News: combine(s.News, o.News),
	}
}

// message lists all subscriptions. Trades bring their corrections and cancellations along.
func (s subscriptions) message() message {
	list := func(symbols []string) []string { return append([]string{}, symbols...) }
	listed := message{
		{"T", "subscription"}, {"trades", list(s.Trades)}, {"quotes", list(s.Quotes)}, {"bars", list(s.Bars)},
		{"updatedBars", list(s.UpdatedBars)}, {"dailyBars", list(s.DailyBars)}, {"statuses", list(s.Statuses)},
		{"lulds", list(s.LULDs)}, {"corrections", list(s.Trades)}, {"cancelErrors", list(s.Trades)},
	}
	if len(s.Imbalances) > 0 {
		listed = append(listed, field{"imbalances", list(s.Imbalances)})
	}
	if len(s.News) > 0 {
		listed = append(listed, field{"news", list(s.News)})
	}
	return listed
}
