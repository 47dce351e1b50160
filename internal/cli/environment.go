package cli

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Environment is what a command gets of the world: streams, variables, folder, logger and the
// values of the global flags. A command takes nothing else.
type Environment struct {
	Stdin  io.Reader
	Stdout io.Writer // what was asked for
	Stderr io.Writer // logs and errors
	Source config.Source
	Logger *slog.Logger

	logs        io.Writer // gets every entry: Stderr, and the log file of a command that keeps one
	level       *slog.LevelVar
	levelByFlag bool
	noted       bool // what the configuration notes was logged

	// The global flags.
	configFile    string
	watchlistFile string
	logLevel      string
}

// NewEnvironment returns an environment that logs to stderr from level info on, until the flag
// --log-level or the configuration say otherwise.
func NewEnvironment(source config.Source, stdin io.Reader, stdout, stderr io.Writer) *Environment {
	level := new(slog.LevelVar)
	return &Environment{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Source: source,
		Logger: newLogger(stderr, config.TextLogs, level),
		logs:   stderr,
		level:  level,
	}
}

// Config reads the settings and turns the logger to their level and format.
func (e *Environment) Config() (config.Config, error) {
	cfg, err := config.Load(e.Source)
	if err != nil {
		return config.Config{}, err
	}
	if !e.levelByFlag {
		e.level.Set(cfg.LogLevel)
	}
	e.Logger = newLogger(e.logs, cfg.Logs.Format, e.level)
	if !e.noted {
		for _, note := range cfg.Notes {
			e.Logger.Info(note)
		}
	}
	e.noted = true
	return cfg, nil
}

// ConfigWithKeys is Config for commands that open the database: both keys are there, made in
// development when they were missing.
func (e *Environment) ConfigWithKeys() (config.Config, error) {
	cfg, err := e.Config()
	if err != nil {
		return config.Config{}, err
	}
	return cfg.WithKeys()
}

// now is this machine's time.
func (e *Environment) now() time.Time { return clock.System().Now() }

// Strategy reads the file of --config. Without the flag a missing file means the defaults.
func (e *Environment) Strategy() (trade.Settings, error) {
	return orDefault(e.configFile, config.DefaultStrategyFile, config.LoadStrategy, trade.DefaultFileSettings())
}

// Watchlist reads the file of --watchlist. Without the flag a missing file means no symbols.
func (e *Environment) Watchlist() ([]trade.WatchedSymbol, error) {
	return orDefault(e.watchlistFile, config.DefaultWatchlistFile, config.LoadWatchlist, nil)
}

// orDefault loads the given file, or the file at the default place, or returns the default.
func orDefault[T any](given, place string, load func(string) (T, error), otherwise T) (T, error) {
	if given != "" {
		return load(given)
	}
	loaded, err := load(place)
	if fault.Is(err, fault.NotFound) && errors.Is(err, fs.ErrNotExist) {
		return otherwise, nil
	}
	return loaded, err
}

// setLogLevel applies --log-level, which wins over LOG_LEVEL.
func (e *Environment) setLogLevel() error {
	if e.logLevel == "" {
		return nil
	}
	level, err := config.ParseLogLevel(e.logLevel)
	if err != nil {
		return usage("--log-level %s.", err)
	}
	e.level.Set(level)
	e.levelByFlag = true
	return nil
}
