package sim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shape is which keys and types a JSON value has. Elements of an array share a shape, and so do the
// values of symbols and of letters of exchanges.
type shape struct {
	kinds map[string]bool // object, array, string, number, bool; null says nothing
	keys  map[string]*shape
	items *shape
}

func shapeOf(t *testing.T, content []byte) *shape {
	t.Helper()
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("%v in %.200s", err, content)
	}
	s := newShape()
	s.add(value)
	return s
}

func newShape() *shape { return &shape{kinds: map[string]bool{}, keys: map[string]*shape{}} }

func (s *shape) add(value any) {
	switch value := value.(type) {
	case nil:
	case map[string]any:
		s.kinds["object"] = true
		for key, inner := range value {
			if strings.ToUpper(key) == key {
				key = "NAME"
			}
			if s.keys[key] == nil {
				s.keys[key] = newShape()
			}
			s.keys[key].add(inner)
		}
	case []any:
		s.kinds["array"] = true
		for _, inner := range value {
			if s.items == nil {
				s.items = newShape()
			}
			s.items.add(inner)
		}
	default:
		s.kinds[fmt.Sprintf("%T", value)] = true
	}
}

// differences lists what the other shape lacks, has beside, or has in another type.
func (s *shape) differences(ours *shape, path string) (problems []string) {
	if len(s.kinds) > 0 && len(ours.kinds) > 0 && !maps.Equal(s.kinds, ours.kinds) {
		return []string{fmt.Sprintf("%s is %v, not %v", path, slices.Sorted(maps.Keys(ours.kinds)), slices.Sorted(maps.Keys(s.kinds)))}
	}
	if len(s.kinds) == 0 || len(ours.kinds) == 0 {
		return nil // null fits everything
	}
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		if ours.keys[key] == nil {
			problems = append(problems, path+"/"+key+" is missing")
			continue
		}
		problems = append(problems, s.keys[key].differences(ours.keys[key], path+"/"+key)...)
	}
	for _, key := range slices.Sorted(maps.Keys(ours.keys)) {
		if s.keys[key] == nil {
			problems = append(problems, path+"/"+key+" is ours alone")
		}
	}
	if s.items != nil && ours.items != nil {
		problems = append(problems, s.items.differences(ours.items, path+"[]")...)
	}
	return problems
}
