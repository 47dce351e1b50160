//go:build steps

package config

import "os"

// StopAtStep is the step at which a program that was built for crash tests kills itself; no other
// program has this setting.
func StopAtStep() string { return os.Getenv("STOP_AT_STEP") }
