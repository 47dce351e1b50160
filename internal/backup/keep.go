package backup

import (
	"context"
	"sort"
	"time"
)

// Retention is how many backups are kept: the newest of each of so many days, weeks and months
// that have one. The newest of all is always kept.
type Retention struct{ Daily, Weekly, Monthly int }

// Newest returns the backups of the installation, newest first; of all for an empty id.
func Newest(ctx context.Context, shelf Shelf, installation string) ([]Kept, error) {
	all, err := shelf.List(ctx)
	if err != nil {
		return nil, err
	}
	list := []Kept{}
	for _, kept := range all {
		if installation == "" || kept.Installation == installation[:min(idPart, len(installation))] {
			list = append(list, kept)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].At.Equal(list[j].At) {
			return list[i].Name > list[j].Name
		}
		return list[i].At.After(list[j].At)
	})
	return list, nil
}

// Superfluous returns those of the backups, newest first, that the retention does not keep.
func (r Retention) Superfluous(list []Kept) []Kept {
	keep := map[string]bool{}
	for _, rule := range []struct {
		count  int
		period func(time.Time) string
	}{
		{r.Daily, func(at time.Time) string { return at.Format(time.DateOnly) }},
		{r.Weekly, func(at time.Time) string { return at.AddDate(0, 0, -(int(at.Weekday())+6)%7).Format(time.DateOnly) }},
		{r.Monthly, func(at time.Time) string { return at.Format("2006-01") }},
	} {
		periods := map[string]bool{}
		for _, kept := range list {
			period := rule.period(kept.At.UTC())
			if !periods[period] && len(periods) < rule.count {
				periods[period], keep[kept.Name] = true, true
			}
		}
	}
	var rest []Kept
	for i, kept := range list {
		if i > 0 && !keep[kept.Name] {
			rest = append(rest, kept)
		}
	}
	return rest
}

// Prune deletes the installation's backups that the retention does not keep, and returns them.
// With dryRun it only returns them. Backups of other installations stay.
func (m Maker) Prune(ctx context.Context, retention Retention, dryRun bool) ([]Kept, error) {
	installation, err := m.Store.Installation(ctx)
	if err != nil {
		return nil, err
	}
	list, err := Newest(ctx, m.Shelf, installation.ID)
	if err != nil {
		return nil, err
	}
	rest := retention.Superfluous(list)
	for i, kept := range rest {
		if dryRun {
			continue
		}
		if err := m.Shelf.Delete(ctx, kept.Name); err != nil {
			return rest[:i], err
		}
	}
	return rest, nil
}
