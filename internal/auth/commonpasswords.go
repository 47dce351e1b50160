package auth

import (
	_ "embed"
	"strings"
)

// commonPasswords are passwords that were found in breaches, the most used one first, one a line,
// in lower case. It is the list that the page's estimate uses; its licence stands beside it.
//
//go:embed common_passwords.txt
var commonPasswords string

// longestCommon is the length of the longest one.
const longestCommon = 20

// commonRanks returns the rank of each of the words that is a common password; 1 is the most used.
// It reads the list from its beginning, 2 ms beside the 150 ms of a hash, so that nothing of it is
// kept in memory and nothing is read when the program starts.
func commonRanks(words map[string]bool) map[string]int {
	ranks := map[string]int{}
	rank := 0
	for password := range strings.Lines(commonPasswords) {
		rank++
		if password = strings.TrimSuffix(password, "\n"); words[password] {
			ranks[password] = rank
		}
	}
	return ranks
}

func isCommon(password string) bool {
	lower := strings.ToLower(password)
	return len(commonRanks(map[string]bool{lower: true})) > 0
}
