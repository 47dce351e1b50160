package config

import (
	"strconv"
	"strings"
	"time"
)

// Supervisor is the service manager that started the process, as sd_notify(3) describes it. It says
// so in the environment, by names that are its own and no settings.
type Supervisor struct {
	Socket   string        // where it is told of the process's state; empty: nobody asks
	Watchdog time.Duration // longest silence that it takes for life; zero: any
}

// Supervisor returns who started the process. What does not make sense counts as not said.
func (s Source) Supervisor() Supervisor {
	var found Supervisor
	for _, pair := range s.Environ {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "NOTIFY_SOCKET":
			found.Socket = value
		case "WATCHDOG_USEC":
			if microseconds, err := strconv.ParseInt(value, 10, 64); err == nil && microseconds > 0 {
				found.Watchdog = time.Duration(microseconds) * time.Microsecond
			}
		}
	}
	return found
}
