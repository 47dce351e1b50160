//go:build !steps

package daemon

import "github.com/jcap24/alpaca-trader/internal/desk"

// atStep is nothing: only a program that was built with the tag steps, for crash tests, can be told
// to stop in the middle of its work.
func atStep() func(desk.Step) { return nil }
