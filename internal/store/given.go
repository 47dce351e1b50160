package store

import (
	"strings"

	"github.com/uptrace/bun"
)

// given begins a statement that changes many rows, each by what it is given: it makes the rows a
// table of that name, with the columns ("id TEXT, qty MONEY"). Both databases join it alike.
func (s *Store) given(db bun.IDB, columns string, rows [][]any, statement string) *bun.RawQuery {
	var names, typed []string
	for column := range strings.SplitSeq(columns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		if own, differs := columnTypes[s.dialect.name][kind]; differs {
			kind = own
		}
		names, typed = append(names, name), append(typed, "CAST(? AS "+kind+")")
	}
	further := "(" + strings.Repeat("?, ", len(names)-1) + "?)"
	var text strings.Builder
	text.WriteString("WITH given (" + strings.Join(names, ", ") + ") AS (VALUES ")
	args := make([]any, 0, len(rows)*len(names))
	for i, row := range rows {
		if i == 0 { // its types are those of all
			text.WriteString("(" + strings.Join(typed, ", ") + ")")
		} else {
			text.WriteString(", " + further)
		}
		args = append(args, row...)
	}
	text.WriteString(") " + statement)
	return db.NewRaw(text.String(), args...)
}
