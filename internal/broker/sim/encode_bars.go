package sim

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// encoded is a body that is JSON already.
type encoded []byte

// MarshalJSON returns the bytes as they are.
func (e encoded) MarshalJSON() ([]byte, error) { return e, nil }

// encodePage writes a page of bars as wire.Bars (or wire.SymbolBars) would be encoded, without
// reflection: most of what a simulator sends is bars.
func encodePage(p page[trade.Bar], single string) encoded {
	out := make([]byte, 0, 256+p.count*128)
	out = append(out, `{"bars":`...)
	if single != "" {
		out = encodeBars(out, p.items[single])
		out = appendWord(append(out, `,"symbol":`...), single)
	} else {
		out = append(out, '{')
		for i, symbol := range p.symbols {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendWord(out, symbol), ':')
			out = encodeBars(out, p.items[symbol])
		}
		out = append(out, '}')
	}
	out = append(out, `,"next_page_token":`...)
	if p.next == nil {
		return append(out, "null}"...)
	}
	return append(appendWord(out, *p.next), '}')
}

func appendWord(out []byte, text string) []byte {
	word, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return append(out, word...)
}

func encodeBars(out []byte, bars []trade.Bar) []byte {
	out = append(out, '[')
	for i := range bars {
		if i > 0 {
			out = append(out, ',')
		}
		out = encodeBar(out, &bars[i])
	}
	return append(out, ']')
}

func encodeBar(out []byte, bar *trade.Bar) []byte {
	b := wireBar(bar.Start, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume)
	out = append(out, `{"t":"`...)
	out = b.Start.UTC().AppendFormat(out, time.RFC3339)
	out = appendNumber(append(out, `","o":`...), b.Open)
	out = appendNumber(append(out, `,"h":`...), b.High)
	out = appendNumber(append(out, `,"l":`...), b.Low)
	out = appendNumber(append(out, `,"c":`...), b.Close)
	out = strconv.AppendUint(append(out, `,"v":`...), b.Volume, 10)
	out = strconv.AppendUint(append(out, `,"n":`...), b.Trades, 10)
	return append(appendNumber(append(out, `,"vw":`...), b.VWAP), '}')
}

// appendNumber writes a price; prices have no exponents worth writing.
func appendNumber(out []byte, price float64) []byte {
	return strconv.AppendFloat(out, price, 'f', -1, 64)
}
