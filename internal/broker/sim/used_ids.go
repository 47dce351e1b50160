package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// usedIDs remembers the client order ids of forgotten orders, so that none is taken twice however
// old: eight bytes each.
type usedIDs map[uint64]struct{}

// use remembers the id of an order that is forgotten.
func (a *account) use(id uint64) {
	if a.UsedIDs == nil {
		a.UsedIDs = usedIDs{}
	}
	a.UsedIDs[id] = struct{}{}
	a.unsaved.used = append(a.unsaved.used, id)
}

func digest(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:])
}

func (u usedIDs) has(id string) bool {
	_, used := u[digest(id)]
	return used
}

// MarshalJSON writes base64.
func (u usedIDs) MarshalJSON() ([]byte, error) {
	content := make([]byte, 0, 8*len(u))
	for id := range u {
		content = binary.BigEndian.AppendUint64(content, id)
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(content))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (u *usedIDs) UnmarshalJSON(text []byte) error {
	var content []byte // encoding/json reads base64 into bytes
	if err := json.Unmarshal(text, &content); err != nil {
		return err
	}
	if len(content)%8 != 0 {
		return fmt.Errorf("used ids: %d bytes", len(content))
	}
	*u = usedIDs{}
	for ; len(content) > 0; content = content[8:] {
		(*u)[binary.BigEndian.Uint64(content)] = struct{}{}
	}
	return nil
}
