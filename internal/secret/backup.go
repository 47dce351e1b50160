package secret

import "github.com/jcap24/alpaca-trader/internal/fault"

func backupPlace(id string) []byte { return associate("backup key", id) }

// NewBackupKey makes a random key that seals one backup, and returns it also wrapped, bound to the
// backup's id.
func (k *Keyring) NewBackupKey(id string) (key, wrapped []byte) {
	key = randomKey()
	return key, k.writing.seal(key, backupPlace(id))
}

// OpenBackupKey opens the wrapped key of the backup; a fault of kind Invalid when no key of the
// ring wrapped it.
func (k *Keyring) OpenBackupKey(id string, wrapped []byte) ([]byte, error) {
	key, err := k.open(wrapped, backupPlace(id))
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The backup was made under another ENCRYPTION_KEY, or its head is damaged. Give the key of its time as ENCRYPTION_KEY, or besides it in ENCRYPTION_KEYS_OLD. Nothing was changed.")
	}
	return key, nil
}
