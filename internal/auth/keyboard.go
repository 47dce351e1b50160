package auth

import (
	"math"
	"strconv"
	"strings"
)

// sequences finds runs such as abcd and 97531: each character differs from the last by as much.
func (e estimate) sequences(from, to int) []pattern {
	var found []pattern
	for i := from; i+2 < to; {
		step := e.text[i+1] - e.text[i]
		j := i + 1
		for j < to && e.text[j]-e.text[j-1] == step {
			j++
		}
		if size := j - i; size >= 3 && step != 0 && step >= -5 && step <= 5 {
			found = append(found, pattern{i, j, math.Log10(beginnings(e.text[i]) * float64(size) * 2)})
		}
		i = max(j-1, i+1)
	}
	return found
}

// beginnings is how many characters a sequence is likely to begin with.
func beginnings(first rune) float64 {
	switch {
	case strings.ContainsRune("aAzZ019", first):
		return 4
	case first >= '0' && first <= '9':
		return 10
	}
	return 26
}

// keyRows finds walks over neighbouring keys of a QWERTY keyboard, such as asdfgh and 1qaz2wsx.
func (e estimate) keyRows(from, to int) []pattern {
	var found []pattern
	for i := from; i < to; {
		j, turns, last := i+1, 0, 0
		for j < to {
			direction := neighbours(e.text[j-1], e.text[j])
			if direction == 0 {
				break
			}
			if direction != last {
				turns, last = turns+1, direction
			}
			j++
		}
		if j-i >= 3 {
			found = append(found, pattern{i, j, walks(j-i, turns)})
		}
		i = max(j-1, i+1)
	}
	return found
}

// The keys, row by row; each row is half a key to the right of the one above.
var (
	keysPlain   = [...]string{"`1234567890-=", `qwertyuiop[]\`, "asdfghjkl;'", "zxcvbnm,./"}
	keysShifted = [...]string{"~!@#$%^&*()_+", "QWERTYUIOP{}|", `ASDFGHJKL:"`, "ZXCVBNM<>?"}
)

// key is where a character lies; ok is false for one that no key of the four rows makes.
func key(character rune) (row, column int, ok bool) {
	for _, keys := range [...][4]string{keysPlain, keysShifted} {
		for row, line := range keys {
			if column = strings.IndexRune(line, character); column >= 0 {
				return row, column + shift[row], true
			}
		}
	}
	return 0, 0, false
}

// shift is the column of each row's first key, in columns that lean as those of a keyboard do.
var shift = [...]int{0, 1, 1, 1}

// neighbours is the direction from one key to the next, 1 to 6; 0: they do not touch.
func neighbours(a, b rune) int {
	rowA, columnA, okA := key(a)
	rowB, columnB, okB := key(b)
	if !okA || !okB {
		return 0
	}
	for direction, step := range [...][2]int{{0, -1}, {0, 1}, {-1, 0}, {-1, 1}, {1, 0}, {1, -1}} {
		if rowB-rowA == step[0] && columnB-columnA == step[1] {
			return direction + 1
		}
	}
	return 0
}

// walks is the power of ten of how many walks there are of at most this length and so many turns:
// 47 keys to begin with, 4.6 neighbours on average.
func walks(length, turns int) float64 {
	sum := 0.0
	for size := 2; size <= length; size++ {
		choose := 1.0
		for turn := 1; turn <= min(turns, size-1); turn++ {
			if turn > 1 {
				choose *= float64(size-turn+1) / float64(turn-1)
			}
			sum += choose * 47 * math.Pow(4.6, float64(turn))
		}
	}
	return math.Log10(sum)
}

// The years that people write: a date needs a day of one of them.
const (
	firstYear = 1900
	lastYear  = 2050
)

// dates finds years, and days written with six or eight digits, with or without separators.
func (e estimate) dates(from, to int) []pattern {
	var found []pattern
	for i := from; i < to; i++ {
		for _, size := range []int{4, 6, 8, 10} {
			if i+size > to {
				break
			}
			switch text := string(e.text[i : i+size]); {
			case size == 4 && isYear(text):
				found = append(found, pattern{i, i + size, math.Log10(lastYear - firstYear)})
			case size > 4 && isDate(text):
				found = append(found, pattern{i, i + size, math.Log10(365 * 4 * (lastYear - firstYear))})
			}
		}
	}
	return found
}

func isYear(text string) bool {
	year, err := strconv.Atoi(text)
	return err == nil && year >= firstYear && year <= lastYear
}

// isDate knows 24121984, 19841224, 241284 and 24.12.1984, in any order of day and month.
func isDate(text string) bool {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-./ _", r) {
			return -1
		}
		return r
	}, text)
	if len(digits) != len(text) && len(digits) != len(text)-2 {
		return false
	}
	if len(digits) == 8 {
		return isYear(digits[:4]) && isDayAndMonth(digits[4:]) || isYear(digits[4:]) && isDayAndMonth(digits[:4])
	}
	return len(digits) == 6 && isNumber(digits) && (isDayAndMonth(digits[2:]) || isDayAndMonth(digits[:4]))
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}

func isDayAndMonth(text string) bool {
	first, err := strconv.Atoi(text[:2])
	second, otherErr := strconv.Atoi(text[2:])
	return err == nil && otherErr == nil && first >= 1 && second >= 1 && first <= 31 && second <= 31 && min(first, second) <= 12
}
