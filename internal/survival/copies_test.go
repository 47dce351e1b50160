//go:build linux

package survival_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// fileEndings are the files of one SQLite database, in the order in which a folder lists them.
var fileEndings = []string{"", "-shm", "-wal"}

// copies counts what became of copies.
type copies struct{ instant, sound, refused int }

// TestCopiesOfTheFilesAtAnyMoment copies the files of a database while the program trades on it. A
// copy of one moment, as a file system's snapshot makes it, takes the original's place: it is whole,
// its audit log verifies, and no order is lost or doubled. A copy that is made file after file, as
// `cp` does, is not promised anything: it is sound, or the server refuses it with one sentence.
// TEST_COPIES says how many of each, TEST_SEED the seed.
func TestCopiesOfTheFilesAtAnyMoment(t *testing.T) {
	t.Parallel()
	number, seed := number(t, "TEST_COPIES", 3), uint64(number(t, seedVariable, 1))
	t.Logf("%d copies, TEST_SEED=%d", number, seed)
	w := served(t, storetest.SQLite, seed, 1)
	random, counted, found := rand.New(rand.NewPCG(seed, 3)), &copies{}, &toll{name: "copies", seed: seed}
	for i := range number {
		w.copiedWhileTrading(t, random, counted)
		w.calm(t)
		for _, one := range w.accounts {
			w.oneEach(t, one, found)
		}
		w.later(t)
		w.recovered(t, found)
		if found.kills++; !found.sound() || t.Failed() {
			t.Fatalf("unsound after copy %d of seed %d", i+1, seed)
		}
		w.nextSlot(t)
	}
	t.Logf("%d copies of one moment: all sound. Of as many made file after file, %d were sound and %d refused.\n%s",
		counted.instant, counted.sound, counted.refused, &tolls{rows: []*toll{found}})
}

// copiedWhileTrading starts the program, copies its files at a random moment, file after file and
// then all at one, ends it as a power cut does, and puts the copy of the one moment in their place.
func (w *world) copiedWhileTrading(t *testing.T, random *rand.Rand, counted *copies) {
	t.Helper()
	first, arrived := w.request(1), (<-chan struct{})(nil)
	p := w.start(t, w.serving...)
	stop := w.moving(t)
	defer stop()
	select {
	case <-first:
		arrived = w.request(1 + random.IntN(60))
	case <-time.After(patience):
		t.Fatalf("the program does not begin\n%s", p.said(t))
	}
	select {
	case <-arrived:
		pause(t.Context(), time.Duration(random.IntN(20))*time.Millisecond)
	case <-time.After(longestRun):
	}
	w.reach(t)
	careless, instant := filepath.Join(t.TempDir(), "copy.db"), filepath.Join(t.TempDir(), "copy.db")
	w.copyTo(t, careless, func() {
		pause(t.Context(), time.Duration(random.IntN(60))*time.Millisecond)
		if random.IntN(2) == 0 { // what a copy of file after file cannot stand: the log goes into the file, and begins anew
			w.checkpoint(t)
		}
		pause(t.Context(), time.Duration(random.IntN(200))*time.Millisecond)
	})
	p.freeze(t)
	w.copyTo(t, instant, func() {})
	p.kill()
	counted.instant++
	w.judge(t, careless, counted)
	if random.IntN(2) == 0 {
		_ = os.Remove(instant + "-shm") // it is only an index of the log, and made anew
	}
	w.replace(t, instant)
}

// file is the path of the world's database.
func (w *world) file(t *testing.T) string {
	t.Helper()
	for _, pair := range w.environ {
		if path, found := strings.CutPrefix(pair, "DATABASE_URL=sqlite:///"); found {
			return path
		}
	}
	t.Fatal("the world is on another database")
	return ""
}

// reach lets go of the test's own connection, so that none but the program has the files open.
func (w *world) reach(t *testing.T) {
	t.Helper()
	if err := w.database.Close(); err != nil {
		t.Fatal(err)
	}
}

// copyTo copies the files one after the other; between is called between them.
func (w *world) copyTo(t *testing.T, to string, between func()) {
	t.Helper()
	for _, ending := range fileEndings {
		content, err := os.ReadFile(w.file(t) + ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+ending, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		between()
	}
}

// checkpoint moves the log into the file, as happens by itself when the log is long.
func (w *world) checkpoint(t *testing.T) {
	t.Helper()
	database, err := sql.Open("sqlite", "file:"+filepath.ToSlash(w.file(t))+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if _, err := database.ExecContext(t.Context(), "PRAGMA wal_checkpoint(RESTART)"); err != nil {
		t.Logf("no checkpoint: %v", err)
	}
}

// freeze stops the process in the middle of what it does, and returns when each of its threads stands.
func (p *process) freeze(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	threads := filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), "task", "*", "stat")
	until(t, "the program stands still", func() bool {
		files, _ := filepath.Glob(threads)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if _, state, _ := strings.Cut(string(text), ") "); err == nil && !strings.HasPrefix(state, "T") {
				return false
			}
		}
		return len(files) > 0
	})
}

// judge lets a server open a copy: it serves it, and the copy is whole; or it says one sentence.
func (w *world) judge(t *testing.T, file string, counted *copies) {
	t.Helper()
	keys, err := os.ReadFile(filepath.Join(filepath.Dir(w.file(t)), "alpaca_trader.keys"))
	if err == nil {
		err = os.WriteFile(filepath.Join(filepath.Dir(file), "alpaca_trader.keys"), keys, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	sh := &shell{w.program, filepath.Dir(file), append(append([]string{}, w.environ...), "DATABASE_URL=sqlite:///"+file, "HOME="+filepath.Dir(file))}
	p := sh.start(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	select {
	case line := <-p.lines:
		p.kill()
		if problems := integrity(t, file); !strings.HasPrefix(line, "listening on ") || problems != "ok" {
			t.Errorf("a server said %q on a copy of which SQLite says: %s", line, problems)
		}
		counted.sound++
	case <-p.ended:
		said := p.said(t)
		if last := said[strings.LastIndex(said, "\n")+1:]; !strings.HasPrefix(last, "alpaca-trader: ") {
			t.Errorf("a copy was refused with %s", said)
		}
		counted.refused++
		t.Logf("refused: %s", said[strings.LastIndex(said, "\n")+1:])
	case <-time.After(patience):
		t.Fatalf("a server on a copy says nothing\n%s", p.said(t))
	}
}

// integrity is what SQLite's own check says of a file: "ok", or what is wrong.
func integrity(t *testing.T, file string) (said string) {
	t.Helper()
	database, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if err := database.QueryRowContext(t.Context(), "PRAGMA integrity_check(3)").Scan(&said); err != nil {
		return err.Error()
	}
	return said
}

// replace puts a whole copy in the place of the database.
func (w *world) replace(t *testing.T, from string) {
	t.Helper()
	for _, ending := range fileEndings {
		if err := os.Remove(w.file(t) + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.Rename(from+ending, w.file(t)+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if said := integrity(t, w.file(t)); said != "ok" {
		t.Errorf("of a copy of one moment SQLite says: %s", said)
	}
	database, err := sql.Open("sqlite", "file:"+filepath.ToSlash(w.file(t))+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	database.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = database.Close() })
	w.database = database
}
