package sim

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// defaultConfigurations are those of a new account.
func defaultConfigurations() wire.Configurations {
	return wire.Configurations{
		FractionalTrading: true, MaxMarginMultiplier: "4", TradeConfirmEmail: "all",
	}
}

func getConfigurations(c *call) (answer, error) { return ok(c.account.Settings) }

// changeConfigurations takes over the fields that the body has. The fields of the old pattern day
// trader rule, which Alpaca's Go SDK still sends, are ignored like all unknown ones.
func changeConfigurations(c *call) (answer, error) {
	var body json.RawMessage
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	changed := c.account.Settings
	if err := json.NewDecoder(bytes.NewReader(withTextMultiplier(body))).Decode(&changed); err != nil {
		return answer{}, &refusal{status: http.StatusUnprocessableEntity, code: codeUndecodable, message: "failed to decode request body"}
	}
	switch {
	case !oneOf(changed.MaxMarginMultiplier, "1 2 4"):
		return answer{}, invalidParameter("max_margin_multiplier must be 1, 2 or 4")
	case changed.MaxOptionsTradingLevel < 0 || changed.MaxOptionsTradingLevel > 3:
		return answer{}, invalidParameter("max_options_trading_level must be from 0 to 3")
	case !oneOf(changed.TradeConfirmEmail, "all none"):
		return answer{}, invalidParameter("trade_confirm_email must be all or none")
	}
	c.account.Settings = changed
	c.dirty = true
	return ok(changed)
}

// withTextMultiplier lets max_margin_multiplier be a number: clients send both. Empty texts, which
// the Go SDK sends for what it does not change, are left out.
func withTextMultiplier(body []byte) []byte {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	for name, value := range fields {
		text := string(value)
		switch {
		case text == `""`:
			delete(fields, name)
		case name == "max_margin_multiplier" && text != "null" && text[0] != '"':
			fields[name] = json.RawMessage(`"` + text + `"`)
		}
	}
	changed, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return changed
}
