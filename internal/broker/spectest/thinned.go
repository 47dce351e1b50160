package spectest

import (
	"encoding/json"
	"hash/maphash"
)

// fewBytes is how long a text may be that is checked as it is.
const fewBytes = 4096

var seed = maphash.MakeSeed()

// thinned is a long JSON text without the flat objects of its arrays that have the form of one
// before: the same text, but for digits. Thousands of bars are few forms, and checking each of them
// would take more time than all else in the tests.
func thinned(content []byte) []byte {
	if len(content) <= fewBytes {
		return content
	}
	short, forms := make([]byte, 0, fewBytes), map[uint64]bool{}
	form := make([]byte, 0, 512)
	for i := 0; i < len(content); i++ {
		if content[i] != '{' {
			short = append(short, content[i])
			continue
		}
		end := flatEnd(content, i)
		if end == 0 {
			short = append(short, content[i])
			continue
		}
		form = appendForm(form[:0], content[i:end])
		sum := maphash.Bytes(seed, form)
		if last := len(short) - 1; forms[sum] && last >= 0 && short[last] == ',' {
			short = short[:last]
		} else {
			short = append(short, content[i:end]...)
		}
		forms[sum] = true
		i = end - 1
	}
	if !json.Valid(short) {
		return content // it was not, or has braces in a text
	}
	return short
}

// flatEnd is where the object that begins at the index ends; 0 when it has objects inside, or no end.
func flatEnd(content []byte, begin int) int {
	for i := begin + 1; i < len(content); i++ {
		switch content[i] {
		case '{':
			return 0
		case '}':
			return i + 1
		}
	}
	return 0
}

// appendForm writes the text with one 0 for each run of digits.
func appendForm(form, text []byte) []byte {
	for i, letter := range text {
		isDigit := letter >= '0' && letter <= '9'
		if !isDigit {
			form = append(form, letter)
		} else if i == 0 || text[i-1] < '0' || text[i-1] > '9' {
			form = append(form, '0')
		}
	}
	return form
}
