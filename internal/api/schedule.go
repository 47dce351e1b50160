package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

type nextRunsInput struct {
	Timeframe       trade.Timeframe    `query:"timeframe" enum:"1Min,5Min,15Min,1Hour,1Day" doc:"Left out: as saved"`
	Kind            trade.ScheduleKind `query:"schedule_kind" enum:"bar_close,interval,cron" doc:"Left out: the saved schedule"`
	IntervalMinutes int                `query:"schedule_interval_minutes" default:"60"`
	Cron            string             `query:"schedule_cron" doc:"Five fields in New York time"`
	MarketHoursOnly bool               `query:"schedule_market_hours_only" default:"true"`
	ExtendedHours   bool               `query:"schedule_extended_hours"`
}

func (i nextRunsInput) apply(settings *trade.Settings) {
	if i.Timeframe != "" {
		settings.Timeframe = i.Timeframe
	}
	if i.Kind == "" {
		return
	}
	settings.Schedule = trade.ScheduleSettings{
		Kind: i.Kind, IntervalMinutes: i.IntervalMinutes, Cron: i.Cron,
		MarketHoursOnly: i.MarketHoursOnly, ExtendedHours: i.ExtendedHours,
	}
}

type nextRunsView struct {
	Runs []string `json:"runs" nullable:"false" doc:"In the market's time, the soonest first"`
}

// nextRuns says when a schedule would run, before it is saved.
func (s *server) nextRuns(ctx context.Context, input *nextRunsInput) (nextRunsView, error) {
	runs, err := s.App.NextRuns(ctx, principalOf(ctx), input.apply)
	view := nextRunsView{Runs: []string{}}
	for _, run := range runs {
		view.Runs = append(view.Runs, *timeText(run))
	}
	return view, err
}
