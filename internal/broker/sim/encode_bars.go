package sim

import (
	"encoding/json"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// encoded is a body that is JSON already.
type encoded []byte

// MarshalJSON returns the bytes as they are.
func (e encoded) MarshalJSON() ([]byte, error) { return e, nil }

// pages are the buffers of pages that have been sent, for the next ones.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// recycle lets the next page use the memory. Nothing may read the page afterwards.
func (e encoded) recycle() {
	buffer := []byte(e)
	pages.Put(&buffer)
}

// encodePage writes a page of bars as wire.Bars (or wire.SymbolBars) would be encoded, without
// reflection: most of what a simulator sends is bars.
func encodePage(p page[trade.Bar], single string) encoded {
	e := barEncoder{out: (*pages.Get().(*[]byte))[:0]}
	e.text(`{"bars":`)
	if single != "" {
		e.bars(p.items[single])
		e.text(`,"symbol":`)
		e.word(single)
	} else {
		e.text(`{`)
		for i, symbol := range p.symbols {
			if i > 0 {
				e.text(`,`)
			}
			e.word(symbol)
			e.text(`:`)
			e.bars(p.items[symbol])
		}
		e.text(`}`)
	}
	e.text(`,"next_page_token":`)
	if p.next == nil {
		e.text(`null}`)
	} else {
		e.word(*p.next)
		e.text(`}`)
	}
	return e.out
}

// barEncoder appends JSON to out. It remembers the day of the last bar: most have the same.
type barEncoder struct {
	out  []byte
	day  int64 // since 1970
	date []byte
}

func (e *barEncoder) text(text string) { e.out = append(e.out, text...) }

func (e *barEncoder) word(text string) {
	word, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	e.out = append(e.out, word...)
}

func (e *barEncoder) bars(bars []trade.Bar) {
	e.text(`[`)
	for i := range bars {
		if i > 0 {
			e.text(`,`)
		}
		e.bar(&bars[i])
	}
	e.text(`]`)
}

func (e *barEncoder) bar(bar *trade.Bar) {
	shares, vwap := shares(bar.Volume), round6((bar.High+bar.Low+bar.Close)/3)
	e.text(`{"t":"`)
	e.second(bar.Start)
	e.text(`","o":`)
	e.out = appendNumber(e.out, bar.Open)
	e.text(`,"h":`)
	e.out = appendNumber(e.out, bar.High)
	e.text(`,"l":`)
	e.out = appendNumber(e.out, bar.Low)
	e.text(`,"c":`)
	e.out = appendNumber(e.out, bar.Close)
	e.text(`,"v":`)
	e.out = strconv.AppendUint(e.out, shares, 10)
	e.text(`,"n":`)
	e.out = strconv.AppendUint(e.out, tradesOf(shares), 10)
	e.text(`,"vw":`)
	e.out = append(appendNumber(e.out, vwap), '}')
}

// second writes the time as RFC 3339 in UTC; bars start at full seconds.
func (e *barEncoder) second(at time.Time) {
	const daySeconds = 24 * 60 * 60
	unix := at.Unix()
	day, left := unix/daySeconds, unix%daySeconds
	if left < 0 {
		day, left = day-1, left+daySeconds
	}
	if e.date == nil || day != e.day {
		e.day, e.date = day, at.UTC().AppendFormat(e.date[:0], time.DateOnly)
	}
	e.out = append(e.out, e.date...)
	two := func(n int64) (byte, byte) { return byte('0' + n/10), byte('0' + n%10) }
	h1, h2 := two(left / 3600)
	m1, m2 := two(left / 60 % 60)
	s1, s2 := two(left % 60)
	e.out = append(e.out, 'T', h1, h2, ':', m1, m2, ':', s1, s2, 'Z')
}

// appendNumber writes a price as the shortest decimal that is the same float; prices have no
// exponents worth writing. Nearly all have at most six decimals: these are written as integers,
// because a decimal of up to fifteen digits is the shortest of its float.
func appendNumber(out []byte, price float64) []byte {
	const scale, places, exact = 1_000_000, 6, 1e15
	scaled := math.Round(price * scale)
	if !(scaled > 0 && scaled < exact) || scaled/scale != price {
		return strconv.AppendFloat(out, price, 'f', -1, 64)
	}
	whole, part := uint64(scaled)/scale, uint64(scaled)%scale
	out = strconv.AppendUint(out, whole, 10)
	if part == 0 {
		return out
	}
	out = append(out, '.', '0', '0', '0', '0', '0', '0')
	for i := len(out) - 1; i >= len(out)-places; i-- {
		out[i] += byte(part % 10)
		part /= 10
	}
	for out[len(out)-1] == '0' {
		out = out[:len(out)-1]
	}
	return out
}
