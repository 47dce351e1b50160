package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alexedwards/argon2id"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// PasswordCost says how expensive one hash is. The zero value stands for StandardCost.
type PasswordCost struct {
	MemoryKiB  uint32
	Iterations uint32
	Lanes      uint8
}

// StandardCost is 64 MiB, three passes, one lane: about 150 ms.
var StandardCost = PasswordCost{MemoryKiB: 64 * 1024, Iterations: 3, Lanes: 1}

// queuedHashes is how many may wait for a free hasher; more are turned away, so that a flood of
// sign-ins costs bounded memory and leaves a core to trading.
const queuedHashes = 8

// Passwords hashes and verifies passwords with argon2id, only a few at a time.
type Passwords struct {
	params  argon2id.Params
	hashers chan struct{}
	places  chan struct{} // hashers and those who wait for one
	nobody  string        // a hash that no password matches, at the current cost
}

// NewPasswords returns a hasher at the cost, running at most max(1, cores-1) hashes at a time.
func NewPasswords(cost PasswordCost) *Passwords {
	if cost == (PasswordCost{}) {
		cost = StandardCost
	}
	hashers := max(1, runtime.GOMAXPROCS(0)-1)
	p := &Passwords{
		params: argon2id.Params{
			Memory: cost.MemoryKiB, Iterations: cost.Iterations, Parallelism: cost.Lanes,
			SaltLength: 16, KeyLength: 32,
		},
		hashers: make(chan struct{}, hashers),
		places:  make(chan struct{}, hashers+queuedHashes),
	}
	p.nobody = p.randomHash()
	return p
}

// randomHash is well-formed, but its key is random instead of derived from a password.
func (p *Passwords) randomHash() string {
	random := make([]byte, p.params.SaltLength+p.params.KeyLength)
	_, _ = rand.Read(random) // crypto/rand.Read never fails
	salt, key := random[:p.params.SaltLength], random[p.params.SaltLength:]
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.params.Memory, p.params.Iterations, p.params.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// Hash returns the password's hash in PHC string format. A fault of kind Unavailable when too
// many hashes are asked for at once.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Verify reports whether the password matches the hash, which may be one of the earlier program
// (werkzeug.go). An empty hash stands for a user that
// does not exist: it takes as long as a wrong password and never matches.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	if hash == "" {
		hash = p.nobody
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	compare := verifyArgon
	if isWerkzeug(hash) {
		compare = verifyWerkzeug
	}
	matches, err := compare(password, hash)
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return matches, nil
}

// The costs above which a stored hash is damage, or somebody's trap for the machine.
const (
	mostArgonMemory = 1 << 20 // KiB
	mostArgonPasses = 32
	leastArgonParts = 8 // bytes of salt and of key
)

func verifyArgon(password, hash string) (bool, error) {
	params, salt, key, err := argon2id.DecodeHash(hash)
	switch {
	case err != nil:
		return false, err
	case params.Memory > mostArgonMemory || params.Iterations < 1 || params.Iterations > mostArgonPasses || params.Parallelism < 1,
		len(salt) < leastArgonParts || len(key) < leastArgonParts:
		return false, errors.New("a password hash of an impossible cost")
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

// NeedsRehash reports whether the hash was made at another cost than the current one, or another way.
func (p *Passwords) NeedsRehash(hash string) bool {
	params, _, _, err := argon2id.DecodeHash(hash)
	return err != nil || *params != p.params
}

// acquire waits for a free hasher, unless too many wait already.
func (p *Passwords) acquire(ctx context.Context) (release func(), err error) {
	select {
	case p.places <- struct{}{}:
	default:
		return nil, fault.New(fault.Unavailable, "Too many sign-ins at once. Try again in a few seconds.")
	}
	select {
	case p.hashers <- struct{}{}:
		return p.release, nil
	case <-ctx.Done():
		<-p.places
		return nil, fmt.Errorf("wait for a password hasher: %w", ctx.Err())
	}
}

// release frees the hasher. The last one of a rush gives the hashes' memory back to the machine at
// once: left to the collector it would stay two hashes high for minutes after each sign-in.
func (p *Passwords) release() {
	<-p.hashers
	<-p.places
	if len(p.places) == 0 && p.params.Memory >= worthReturning {
		debug.FreeOSMemory()
	}
}

const worthReturning = 16 * 1024 // KiB
