package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type switchView struct {
	Enabled bool   `json:"enabled"`
	Name    string `json:"name"`
}

type indicatorsView struct {
	RSI            switchView       `json:"rsi"`
	SMA            switchView       `json:"sma"`
	MACD           switchView       `json:"macd"`
	Bollinger      switchView       `json:"bollinger"`
	Schedule       switchView       `json:"schedule" doc:"The automation switch of the active account"`
	SignalMode     trade.SignalMode `json:"signal_mode" enum:"unanimous,majority,any"`
	SignalMinAgree int              `json:"signal_min_agree"`
}

func (s *server) indicators(ctx context.Context, _ *nothing) (indicatorsView, error) {
	now, err := s.App.Indicators(ctx, principalOf(ctx))
	settings := now.Settings
	return indicatorsView{
		RSI: switchView{settings.RSI.Enabled, "RSI"}, SMA: switchView{settings.SMA.Enabled, "SMA Crossover"},
		MACD: switchView{settings.MACD.Enabled, "MACD"}, Bollinger: switchView{settings.Bollinger.Enabled, "Bollinger Bands"},
		Schedule:   switchView{now.Automated, "Automated Trading"},
		SignalMode: settings.SignalMode, SignalMinAgree: settings.SignalMinAgree,
	}, err
}

// indicatorSwitches are the switches to flip; absent ones stay.
type indicatorSwitches struct {
	RSI             *bool             `json:"rsi,omitempty"`
	SMA             *bool             `json:"sma,omitempty"`
	MACD            *bool             `json:"macd,omitempty"`
	Bollinger       *bool             `json:"bollinger,omitempty"`
	ScheduleEnabled *bool             `json:"schedule_enabled,omitempty" doc:"The automation switch of the active account"`
	SignalMode      *trade.SignalMode `json:"signal_mode,omitempty" enum:"unanimous,majority,any"`
	SignalMinAgree  *int              `json:"signal_min_agree,omitempty" minimum:"1" maximum:"4"`
}

type indicatorsInput struct{ Body indicatorSwitches }

type indicatorsUpdated struct {
	Success bool              `json:"success"`
	Updated indicatorSwitches `json:"updated"`
}

func (s *server) indicatorsUpdate(ctx context.Context, input *indicatorsInput) (indicatorsUpdated, error) {
	change := input.Body
	err := s.App.UpdateIndicators(ctx, principalOf(ctx), app.IndicatorChange{
		RSI: change.RSI, SMA: change.SMA, MACD: change.MACD, Bollinger: change.Bollinger,
		Automated: change.ScheduleEnabled, SignalMode: change.SignalMode, SignalMinAgree: change.SignalMinAgree,
	})
	return indicatorsUpdated{true, change}, err
}

func (s *server) settings(ctx context.Context, _ *nothing) (strategy, error) {
	settings, err := s.App.UserSettings(ctx, principalOf(ctx))
	return viewStrategy(settings), err
}

type settingsInput struct{ Body strategy }

type settingsUpdated struct {
	Success  bool     `json:"success"`
	Settings strategy `json:"settings"`
}

func (s *server) settingsUpdate(ctx context.Context, input *settingsInput) (settingsUpdated, error) {
	settings, err := s.App.UpdateSettings(ctx, principalOf(ctx), input.Body.apply)
	return settingsUpdated{true, viewStrategy(settings)}, err
}
