package auth

import (
	"math"
	"strings"
	"unicode"
)

// weakBelow is the power of ten of the guesses under which a password is weak: a million, the two
// lowest of the five words on the page.
const weakBelow = 6

// weak reports whether a password falls to fewer than a million guesses of somebody who tries
// common passwords, the own words, rows of keys, dates and repetitions first.
func weak(password string, own []string) bool {
	return guesses(password, own) < weakBelow
}

// guesses is the power of ten of how often somebody who knows how people choose passwords has to
// guess, at most. The method is that of D. Wheeler, "zxcvbn: Low-Budget Password Strength
// Estimation" (USENIX Security 2016): the cheapest way to put the password together from patterns.
func guesses(password string, own []string) float64 {
	e := estimate{own: own, text: []rune(password)}
	e.ranks = commonRanks(e.candidates())
	return e.cheapest(0, len(e.text))
}

// estimate is what is known while one password is estimated.
type estimate struct {
	text  []rune
	own   []string       // lower case
	ranks map[string]int // of the parts of text that are common passwords
}

// pattern is a part of the password, text[from:to], that is found by 10^cost guesses.
type pattern struct {
	from, to int
	cost     float64
}

// cheapest is the power of ten of the guesses for text[from:to]: for l patterns, l! times the
// product of their guesses, and 10^(4(l-1)) for the combinations of fewer ones.
func (e estimate) cheapest(from, to int) float64 {
	size := to - from
	best := make([][]float64, size+1) // best[k][l]: the first k characters by l patterns
	for k := range best {
		best[k] = make([]float64, k+1)
		for l := range best[k] {
			best[k][l] = math.Inf(1)
		}
	}
	best[0][0] = 0
	for _, p := range e.patterns(from, to) {
		for l := range p.from - from + 1 {
			k := p.to - from
			best[k][l+1] = min(best[k][l+1], best[p.from-from][l]+p.cost)
		}
	}
	least, arrangements := math.Inf(1), 0.0
	for l := 1; l <= size; l++ {
		arrangements += math.Log10(float64(l))
		least = min(least, max(arrangements+best[size][l], 4*float64(l-1)))
	}
	return least
}

// patterns lists every pattern within text[from:to], by where it begins.
func (e estimate) patterns(from, to int) []pattern {
	begins := make([][]pattern, to)
	for _, find := range []func(int, int) []pattern{e.repetitions, e.words, e.sequences, e.keyRows, e.dates} {
		for _, p := range find(from, to) {
			if p.to-p.from < to-from {
				p.cost = max(p.cost, math.Log10(50)) // a part also has to be found in its place
			}
			begins[p.from] = append(begins[p.from], p)
		}
	}
	var all []pattern
	for i := from; i < to; i++ {
		all = append(all, begins[i]...)
		all = append(all, pattern{i, i + 1, math.Log10(11)})
		for j := i + 2; j <= to; j++ {
			all = append(all, pattern{i, j, float64(j - i)}) // ten guesses a character
		}
	}
	return all
}

// repetitions finds what stands several times in a row: each is as good as one, times their number.
func (e estimate) repetitions(from, to int) []pattern {
	var found []pattern
	for i := from; i < to; {
		end := i + 1
		for unit := 1; i+2*unit <= to; unit++ {
			times := 1
			for i+(times+1)*unit <= to && string(e.text[i:i+unit]) == string(e.text[i+times*unit:i+(times+1)*unit]) {
				times++
			}
			if times > 1 {
				end = i + times*unit
				found = append(found, pattern{i, end, e.cheapest(i, i+unit) + math.Log10(float64(times))})
				break
			}
		}
		i = end
	}
	return found
}

// words finds common passwords and the own words, also backwards and with digits for letters.
func (e estimate) words(from, to int) []pattern {
	var found []pattern
	for i := from; i < to; i++ {
		for j := i + 1; j <= to; j++ {
			given := string(e.text[i:j])
			for k, word := range spellings(given) {
				rank, ok := e.ranks[word]
				if e.isOwn(word) {
					rank, ok = 1, true
				}
				if ok {
					cost := math.Log10(float64(rank)) + capitals(given) + math.Log10(2)*float64(min(k, 1))
					found = append(found, pattern{i, j, cost})
				}
			}
		}
	}
	return found
}

func (e estimate) isOwn(word string) bool {
	for _, own := range e.own {
		if word == own {
			return true
		}
	}
	return false
}

// candidates are the spellings of all parts of the password that may be in the list.
func (e estimate) candidates() map[string]bool {
	found := map[string]bool{}
	for i := range e.text {
		for j := i + 1; j <= min(len(e.text), i+longestCommon); j++ {
			for _, word := range spellings(string(e.text[i:j])) {
				found[word] = true
			}
		}
	}
	return found
}

var (
	withI = strings.NewReplacer("4", "a", "@", "a", "8", "b", "3", "e", "6", "g", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t", "+", "t", "2", "z")
	withL = strings.NewReplacer("4", "a", "@", "a", "8", "b", "3", "e", "6", "g", "1", "l", "!", "l", "0", "o", "$", "s", "5", "s", "7", "t", "+", "t", "2", "z")
)

// spellings are the words that text may stand for; the first is the plain one.
func spellings(text string) []string {
	lower := strings.ToLower(text)
	all := []string{lower, reversed(lower)}
	if replaced := withI.Replace(lower); replaced != lower {
		all = append(all, replaced, withL.Replace(lower))
	}
	return all
}

func reversed(text string) string {
	letters := []rune(text)
	for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
		letters[i], letters[j] = letters[j], letters[i]
	}
	return string(letters)
}

// capitals is what capital letters add: little at the beginning, at the end and throughout.
func capitals(text string) float64 {
	letters := []rune(text)
	upper, lower := 0, 0
	for _, letter := range letters {
		switch {
		case unicode.IsUpper(letter):
			upper++
		case unicode.IsLower(letter):
			lower++
		}
	}
	switch {
	case upper == 0:
		return 0
	case lower == 0, upper == 1 && (unicode.IsUpper(letters[0]) || unicode.IsUpper(letters[len(letters)-1])):
		return math.Log10(2)
	}
	ways, choose := 0.0, 1.0
	for i := 1; i <= min(upper, lower); i++ {
		choose *= float64(upper+lower-i+1) / float64(i)
		ways += choose
	}
	return math.Log10(ways)
}
