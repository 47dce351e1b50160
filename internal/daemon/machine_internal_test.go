package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store"
)

// databaseTime is what a PostgreSQL server has used of all cores.
func databaseTime(postmaster string) (sum time.Duration) {
	if postmaster == "" {
		return 0
	}
	processes, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range processes {
		if stat == "/proc/"+postmaster+"/stat" || parentOf(stat) == postmaster {
			sum += processorTimeOf(stat)
		}
	}
	return sum
}

// postmasterOf is the process whose children serve the database's connections; empty on SQLite, or when it
// is on another machine.
func postmasterOf(ctx context.Context, s *store.Store) string {
	if s.Pool() == nil {
		return ""
	}
	var backend int
	if err := s.Pool().QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return ""
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", backend))
	if strings.TrimSpace(string(name)) != "postgres" {
		return ""
	}
	return parentOf(fmt.Sprintf("/proc/%d/stat", backend))
}

func parentOf(stat string) string {
	if fields := fieldsOf(stat); len(fields) > 1 {
		return fields[1]
	}
	return ""
}

// processorTime is what this process has used of all cores.
func processorTime() time.Duration { return processorTimeOf("/proc/self/stat") }

// processorTimeOf is what a process has used, with its children that have ended.
func processorTimeOf(stat string) time.Duration {
	fields, ticks := fieldsOf(stat), 0
	for i := 11; i < min(15, len(fields)); i++ { // utime, stime, cutime, cstime, in hundredths of a second
		part, _ := strconv.Atoi(fields[i])
		ticks += part
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// fieldsOf are the fields of /proc/.../stat after the name: state, parent and so on.
func fieldsOf(stat string) []string {
	content, _ := os.ReadFile(stat)
	_, rest, _ := strings.Cut(string(content), ") ")
	return strings.Fields(rest)
}

// peakResident is the most memory that this process had since clear_refs was written.
func peakResident() string {
	content, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.Atoi(strings.Fields(value)[0])
			return strconv.Itoa(kilobytes/1024) + " MB"
		}
	}
	return "unknown"
}

func load() string {
	content, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(content) + " unknown")[:1], "")
}
