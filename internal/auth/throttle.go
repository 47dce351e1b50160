package auth

import (
	"math"
	"net/netip"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Attempt is one try to show a password, as the throttle counts it.
type Attempt struct {
	Account string // keyed hash of the name that was typed, so that names that exist and others are alike
	Source  string // an address block, a known device or a session
	Known   bool   // the source is a known device or a session: what others do does not slow it down
}

// patience is how many failures in a row are free, and the longest wait after more.
type patience struct {
	free    int
	longest time.Duration
}

var (
	sourcePatience  = patience{5, 15 * time.Minute}
	accountPatience = patience{10, 5 * time.Minute}
)

// HardStop is how many failures in a row end the trying (NIST SP 800-63B, 5.2.2: at most 100).
const HardStop = 100

// FailuresKeptFor is how long failures are remembered after the last one.
const FailuresKeptFor = 30 * 24 * time.Hour

// RefuseSource returns nil when one source may try again after its failures in a row, the last of
// them at last; otherwise a fault of kind RateLimited that says when.
func RefuseSource(failures int, last, now time.Time) error {
	return sourcePatience.refuse(failures, last, now)
}

// RefuseAccount is RefuseSource for all unknown sources of one account together.
func RefuseAccount(failures int, last, now time.Time) error {
	return accountPatience.refuse(failures, last, now)
}

func (p patience) refuse(failures int, last, now time.Time) error {
	if failures >= HardStop {
		return fault.New(fault.RateLimited, "Too many failed sign-ins in a row. Sign in from a browser that you have used here before, or ask the administrator for a new password.")
	}
	if wait := last.Add(p.wait(failures)).Sub(now); wait > 0 {
		return fault.Later(wait, "Too many failed sign-ins. Try again in %d seconds.", int(math.Ceil(wait.Seconds())))
	}
	return nil
}

// wait is 2^(failures-free) seconds, at most the longest; nothing while failures are free.
func (p patience) wait(failures int) time.Duration {
	if failures < p.free {
		return 0
	}
	if failures-p.free > 20 { // beyond any longest wait
		return p.longest
	}
	return min(p.longest, time.Second<<(failures-p.free))
}

// Codes are short, so that a user's wrong ones are counted by the hour too.
const (
	CodeTriesPerHour = 20
	CodeTriesWindow  = time.Hour
)

// AddressBlock is what counts as one address: an IPv4 address or an IPv6 /64, which is what one
// household gets.
func AddressBlock(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if parsed = parsed.Unmap(); parsed.Is4() {
		return parsed.String()
	}
	block, err := parsed.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return block.String()
}
