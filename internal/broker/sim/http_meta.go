package sim

import "net/http"

// exchangeNames are the letters of GET /v2/stocks/meta/exchanges.
var exchangeNames = map[string]string{
	"A": "NYSE American (AMEX)", "B": "NASDAQ OMX BX", "C": "National Stock Exchange", "D": "FINRA ADF",
	"E": "Market Independent", "H": "MIAX", "I": "International Securities Exchange", "J": "Cboe EDGA", "K": "Cboe EDGX",
	"L": "Long Term Stock Exchange", "M": "Chicago Stock Exchange", "N": "New York Stock Exchange", "P": "NYSE Arca",
	"Q": "NASDAQ OMX", "S": "NASDAQ Small Cap", "T": "NASDAQ Int", "U": "Members Exchange", "V": "IEX", "W": "CBOE",
	"X": "NASDAQ OMX PSX", "Y": "Cboe BYX", "Z": "Cboe BZ",
}

// conditionNames are those conditions that the simulator's trades, auctions and quotes have.
var conditionNames = map[string]map[string]string{
	"trade": {
		"@": "Regular Sale", "6": "Market Center Closing Trade", "O": "Market Center Opening Trade",
		"I": "Odd Lot Trade", "T": "Extended Hours Trade",
	},
	"quote": {"R": "Regular Market Maker Open"},
}

func listExchanges(*call) (answer, error) { return ok(exchangeNames) }

func listConditions(c *call) (answer, error) {
	names, known := conditionNames[c.path["kind"]]
	if !known {
		return answer{}, badData("invalid tick type")
	}
	if tape := c.query.Get("tape"); !oneOf(tape, "A B C") {
		return answer{}, &refusal{status: http.StatusBadRequest, message: "tape is required: A, B or C"}
	}
	return ok(names)
}
