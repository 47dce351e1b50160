package daemon

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	sqlite "modernc.org/sqlite"
	"modernc.org/sqlite/lib"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// stateTables are where the simulator's rows are kept, by their kind.
var stateTables = map[sim.RowKind]string{
	sim.AccountRow: "accounts", sim.OrderRow: "orders", sim.ActivityRow: "activities",
	sim.EventRow: "events", sim.UsedIDRow: "used_ids",
}

// simulatorState is a sim.Keeper in a SQLite file of its own. The file is locked for as long as it
// is open, however the process ends.
type simulatorState struct {
	file       string
	connection *sql.DB
}

// OpenSimulatorState opens the file, or makes it; a fault says why that cannot be. A state of an earlier version, which was JSON, is
// taken over: in place, with the old content kept beside it as FILE.old; or from the older file,
// which stays as it is, when there is no file yet.
func OpenSimulatorState(file, older string) (sim.Keeper, error) {
	content, err := os.ReadFile(firstThatIsThere(file, older))
	switch {
	case err == nil && len(content) > 0 && !strings.HasPrefix(string(content), "SQLite format 3\x00"):
		if err := takeOver(file, content); err != nil {
			return nil, err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fault.Because(err, fault.Invalid, "The state file %s cannot be read; check its name and its permissions.", file)
	}
	return openStateFile(file)
}

func firstThatIsThere(file, older string) string {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && older != "" {
		return older
	}
	return file
}

// takeOver writes the old state to a new file, which then takes the name: after a crash at any
// moment the old or the new one has it.
func takeOver(file string, content []byte) error {
	change, err := sim.Upgrade(content)
	if err != nil {
		return notAState(err, file)
	}
	fresh := file + ".new"
	for _, leftover := range []string{fresh, fresh + "-wal", fresh + "-shm"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take over state: %w", err)
		}
	}
	keeper, err := openStateFile(fresh)
	if err != nil {
		return err
	}
	if err := errors.Join(keeper.Save(change), keeper.Close()); err != nil {
		return fmt.Errorf("take over state: %w", err)
	}
	if _, err := os.Stat(file); err == nil {
		if err := os.WriteFile(file+".old", content, 0o600); err != nil {
			return fmt.Errorf("take over state: %w", err)
		}
	}
	if err := os.Rename(fresh, file); err != nil {
		return fmt.Errorf("take over state: %w", err)
	}
	return nil
}

// openStateFile opens the database and takes its lock.
func openStateFile(file string) (*simulatorState, error) {
	if err := makeStateFile(file); err != nil {
		return nil, fault.Because(err, fault.Invalid, "The state file %s cannot be used; check its folder and its permissions.", file)
	}
	pragmas := url.Values{"_pragma": {"locking_mode(EXCLUSIVE)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	name := (&url.URL{Scheme: "file", Opaque: url.PathEscape(file)}).String()
	connection, err := sql.Open("sqlite", name+"?"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	connection.SetMaxOpenConns(1)
	state := &simulatorState{file, connection}
	if err := state.prepare(); err != nil {
		return nil, errors.Join(state.problem(err), connection.Close())
	}
	return state, nil
}

// makeStateFile makes the file readable by its owner alone; SQLite gives the files beside it the
// same mode.
func makeStateFile(file string) error {
	made, err := os.OpenFile(filepath.Clean(file), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return made.Close()
}

// stateMark tells a state file from any other SQLite database: "ASim" in ASCII.
const stateMark = 0x4153696d

var errForeign = errors.New("the database is another program's")

func (s *simulatorState) prepare() error {
	var mark, tables int
	err := s.connection.QueryRow("PRAGMA application_id").Scan(&mark)
	if err == nil {
		err = s.connection.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables)
	}
	switch {
	case err != nil:
		return err
	case tables > 0 && mark != stateMark:
		return errForeign
	}
	statements := []string{
		"PRAGMA journal_mode = WAL",
		fmt.Sprintf("PRAGMA application_id = %d", stateMark),
		"CREATE TABLE IF NOT EXISTS exchange (version INTEGER NOT NULL, market TEXT NOT NULL, now TEXT NOT NULL, saved_at TEXT NOT NULL)",
	}
	for _, table := range stateTables {
		statements = append(statements, "CREATE TABLE IF NOT EXISTS "+table+
			" (account TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (account, number)) WITHOUT ROWID")
	}
	for _, statement := range statements {
		if _, err := s.connection.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func (s *simulatorState) problem(err error) error {
	code := -1
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		code = coded.Code() & 0xff
	}
	switch {
	case code == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_LOCKED:
		return fault.Because(err, fault.Conflict, "The state file %s is in use by another simulator; stop that one, or name another file.", s.file)
	case code == sqlite3.SQLITE_NOTADB, code == sqlite3.SQLITE_CORRUPT, errors.Is(err, errForeign):
		return notAState(err, s.file)
	}
	return fault.Because(err, fault.Invalid, "The state file %s cannot be used; check its folder and its permissions.", s.file)
}

func notAState(err error, file string) error {
	return fault.Because(err, fault.Invalid, "%s is not a state file of the simulator, or it is damaged; name another file, or move it away to start anew.", file)
}

// Name is the file's.
func (s *simulatorState) Name() string { return s.file }

// Load reads the whole file.
func (s *simulatorState) Load(take func(sim.Row) error) (header sim.Header, found bool, err error) {
	var now, savedAt string
	err = s.connection.QueryRow("SELECT version, market, now, saved_at FROM exchange").Scan(&header.Version, &header.Market, &now, &savedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return header, false, nil
	}
	if err != nil {
		return header, false, fmt.Errorf("load state: %w", err)
	}
	var nowErr, savedErr error
	header.Now, nowErr = time.Parse(time.RFC3339Nano, now)
	header.SavedAt, savedErr = time.Parse(time.RFC3339Nano, savedAt)
	errs := []error{nowErr, savedErr}
	for _, kind := range sim.RowKinds {
		errs = append(errs, s.loadKind(kind, take))
	}
	return header, true, errors.Join(errs...)
}

func (s *simulatorState) loadKind(kind sim.RowKind, take func(sim.Row) error) error {
	rows, err := s.connection.Query("SELECT account, number, content FROM " + stateTables[kind] + " ORDER BY account, number")
	if err != nil {
		return fmt.Errorf("load %s rows: %w", kind, err)
	}
	defer rows.Close()
	for rows.Next() {
		row := sim.Row{Kind: kind}
		if err := rows.Scan(&row.Account, &row.Number, &row.Content); err != nil {
			return fmt.Errorf("load %s rows: %w", kind, err)
		}
		if err := take(row); err != nil {
			return fmt.Errorf("load %s %d: %w", kind, row.Number, err)
		}
	}
	return rows.Err()
}

// Save writes the change in one transaction. A row that is put and dropped is gone.
func (s *simulatorState) Save(change sim.Change) error {
	transaction, err := s.connection.Begin()
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	defer func() { _ = transaction.Rollback() }() // nothing after a commit
	h := change.Header
	_, cleared := transaction.Exec("DELETE FROM exchange")
	_, err = transaction.Exec("INSERT INTO exchange (version, market, now, saved_at) VALUES (?, ?, ?, ?)",
		h.Version, h.Market, h.Now.UTC().Format(time.RFC3339Nano), h.SavedAt.UTC().Format(time.RFC3339Nano))
	if err = errors.Join(cleared, err); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	for _, row := range change.Put {
		_, err := transaction.Exec("INSERT OR REPLACE INTO "+stateTables[row.Kind]+" (account, number, content) VALUES (?, ?, ?)",
			row.Account, row.Number, string(row.Content))
		if err != nil {
			return fmt.Errorf("save %s %d: %w", row.Kind, row.Number, err)
		}
	}
	for _, row := range change.Drop {
		if _, err := transaction.Exec("DELETE FROM "+stateTables[row.Kind]+" WHERE account = ? AND number = ?", row.Account, row.Number); err != nil {
			return fmt.Errorf("drop %s %d: %w", row.Kind, row.Number, err)
		}
	}
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// Close gives the file free.
func (s *simulatorState) Close() error { return s.connection.Close() }
