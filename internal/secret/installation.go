package secret

import "github.com/jcap24/alpaca-trader/internal/fault"

// errOtherDatabase is the one answer to an ENCRYPTION_KEY that the database was not made with.
var errOtherDatabase = fault.New(fault.Invalid, "The ENCRYPTION_KEY does not fit this database. Start with the key that it was made with (a new one besides it: put the old one into ENCRYPTION_KEYS_OLD), or with another DATABASE_URL. Nothing was changed.")

const canaryText = "alpaca-trader canary"

// NewCanary returns a value to keep in the database, by which a wrong ENCRYPTION_KEY is noticed.
func (k *Keyring) NewCanary() []byte {
	return k.writing.seal([]byte(canaryText), associate("canary"))
}

// CheckCanary returns nil when the canary was made under a key of the ring, a fault otherwise.
func (k *Keyring) CheckCanary(canary []byte) error {
	if text, err := k.open(canary, associate("canary")); err != nil || string(text) != canaryText {
		return errOtherDatabase
	}
	return nil
}

// Derive returns the 256-bit key for the purpose that label names. It is derived from the
// installation's key, which a rotation of the ENCRYPTION_KEY only wraps anew: what was signed or
// hashed before stays valid. Until UseInstallationKey it is derived from the ENCRYPTION_KEY itself.
func (k *Keyring) Derive(label string) []byte {
	if own := k.installation.Load(); own != nil {
		return derive(*own, label)
	}
	return derive(k.writing.root, label)
}

func installationPlace() []byte { return associate("installation key") }

// NewInstallationKey makes a random installation key and returns it wrapped.
func (k *Keyring) NewInstallationKey() []byte {
	return k.writing.seal(randomKey(), installationPlace())
}

// AdoptInstallationKey returns, wrapped, the installation key of a database that was made before
// there was one: the ENCRYPTION_KEY under which its canary was made.
func (k *Keyring) AdoptInstallationKey(canary []byte) ([]byte, error) {
	if err := k.CheckCanary(canary); err != nil {
		return nil, err
	}
	return k.writing.seal(k.reader(canary).root, installationPlace()), nil
}

// UseInstallationKey opens the wrapped installation key, from which Derive derives from now on.
func (k *Keyring) UseInstallationKey(wrapped []byte) error {
	key, err := k.open(wrapped, installationPlace())
	if err != nil {
		return fault.Because(err, fault.Invalid, "%s", errOtherDatabase.Public)
	}
	k.installation.Store(&key)
	return nil
}

// RewrapInstallationKey returns the installation key, the same as before, wrapped under the
// writing key.
func (k *Keyring) RewrapInstallationKey(wrapped []byte) ([]byte, error) {
	key, err := k.open(wrapped, installationPlace())
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "%s", errOtherDatabase.Public)
	}
	return k.writing.seal(key, installationPlace()), nil
}
