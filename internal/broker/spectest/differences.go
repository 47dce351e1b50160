package spectest

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"sync"
)

// difference is where real answers of Alpaca, which the simulator follows, are not what the documents say.
type difference struct {
	Operation string `json:"operation"` // a regular expression of "METHOD template status", or of "STREAM path kind"
	Problem   string `json:"problem"`   // a regular expression of one problem
	Reason    string `json:"reason"`

	operation, problem *regexp.Regexp
}

//go:embed differences.json
var differencesFile []byte

// differences are all that are known.
var differences = sync.OnceValue(func() []difference {
	var list []difference
	if err := json.Unmarshal(differencesFile, &list); err != nil {
		panic(err) // our own file
	}
	for i := range list {
		list[i].operation, list[i].problem = regexp.MustCompile(list[i].Operation), regexp.MustCompile(list[i].Problem)
	}
	return list
})

// known reports whether the difference is explained.
func known(operation, problem string) bool {
	return slices.ContainsFunc(differences(), func(d difference) bool {
		return d.operation.MatchString(operation) && d.problem.MatchString(problem)
	})
}
