package sim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func listAssets(c *call) (answer, error) {
	assets := []wire.Asset{}
	for _, asset := range c.exchange.listed {
		if c.wants("status", asset.Status) && c.wants("asset_class", asset.Class) && c.wants("exchange", asset.Exchange) && c.wantsAny(asset.Attributes) {
			assets = append(assets, asset)
		}
	}
	return ok(assets)
}

// wants reports whether the parameter is not given, all, or the value.
func (c *call) wants(name, value string) bool {
	asked := c.query.Get(name)
	return asked == "" || asked == "all" || asked == value
}

// wantsAny reports whether attributes are not asked for, or one of them is there.
func (c *call) wantsAny(attributes []string) bool {
	asked := c.list("attributes")
	return len(asked) == 0 || slices.ContainsFunc(asked, func(a string) bool { return slices.Contains(attributes, a) })
}

func getAsset(c *call) (answer, error) {
	name := c.path["asset"]
	if quote, pair := c.path["quote"]; pair {
		name += "/" + quote // a crypto pair, of which there is none
	}
	asset, known := c.exchange.asset(name)
	if !known {
		return answer{}, notFound("asset not found for %.40s", name)
	}
	return ok(asset)
}

// pageToken names the first item of the next page.
type pageToken struct {
	symbol string
	start  time.Time
}

func (t pageToken) String() string {
	return base64.URLEncoding.EncodeToString([]byte(t.symbol + "|" + strconv.FormatInt(t.start.UnixNano(), 10)))
}

func parseToken(text string) (pageToken, error) {
	if text == "" {
		return pageToken{}, nil
	}
	decoded, err := base64.URLEncoding.DecodeString(text)
	symbol, moment, parted := strings.Cut(string(decoded), "|")
	nano, numberErr := strconv.ParseInt(moment, 10, 64)
	if err != nil || !parted || numberErr != nil {
		return pageToken{}, badData("invalid page_token")
	}
	return pageToken{symbol, time.Unix(0, nano).UTC()}, nil
}

// resume narrows the range to what the token leaves of the symbol.
func (t pageToken) resume(symbol string, r span) span {
	switch {
	case symbol != t.symbol:
	case r.descending:
		r.to = earlier(r.to, t.start)
	default:
		r.from = later(r.from, t.start)
	}
	return r
}

// simulatorClock is the state of the simulator's own clock.
type simulatorClock struct {
	Now    time.Time `json:"now"`
	Pace   string    `json:"pace"` // held, real, or how many times as fast as real time
	IsOpen bool      `json:"is_open"`
}

func getSimulatorClock(c *call) (answer, error) {
	return ok(c.clockOverview())
}

// advanceClock moves the market's time: {"to": "2020-06-02T20:00:00Z"}.
func advanceClock(c *call) (answer, error) {
	var request struct {
		To time.Time `json:"to"`
	}
	if err := c.decode(&request); err != nil {
		return answer{}, err
	}
	if request.To.IsZero() {
		return answer{}, invalidParameter(`to is required, such as {"to": "2020-06-02T20:00:00Z"}`)
	}
	err := c.Advance(request.To)
	if fault.Is(err, fault.Invalid) {
		return answer{}, invalidParameter("%s", fault.Public(err))
	}
	if err != nil {
		return answer{}, err
	}
	return getSimulatorClock(c)
}
