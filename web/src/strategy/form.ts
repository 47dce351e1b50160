// The strategy as a form: every number as the text that is typed. Pure.
import type { Schedule } from '../api/trading';
import type { Settings, SignalMode } from '../api/types';
import { aboveUpTo, check, fiveFields, fromBelow, required, wholeBetween, type Rule } from '../forms/rules';
import { executionProblems, toExecution, toExecutionForm, type ExecutionForm } from './execution';
import { riskProblems, toRisk, toRiskForm, type RiskForm } from './risk';

export interface StrategyForm {
  timeframe: Settings['timeframe'];
  lookbackDays: string;
  rsi: { enabled: boolean; period: string; overbought: string; oversold: string };
  sma: { enabled: boolean; shortPeriod: string; longPeriod: string };
  macd: { enabled: boolean; fastPeriod: string; slowPeriod: string; signalPeriod: string };
  bollinger: { enabled: boolean; period: string; stdDev: string };
  signalMode: SignalMode;
  minAgree: string;
  orderType: Settings['order_type'];
  timeInForce: Settings['time_in_force'];
  positionSizePct: string;
  maxPositions: string;
  allowShort: boolean;
  execution: ExecutionForm;
  risk: RiskForm;
  scheduleKind: Settings['schedule_kind'];
  intervalMinutes: string;
  cron: string;
  marketHoursOnly: boolean;
  extendedSessions: boolean;
}

export function toForm(settings: Settings): StrategyForm {
  const { rsi, sma, macd, bollinger } = settings;
  return {
    timeframe: settings.timeframe,
    lookbackDays: String(settings.lookback_days),
    rsi: { enabled: rsi.enabled, period: String(rsi.period), overbought: String(rsi.overbought), oversold: String(rsi.oversold) },
    sma: { enabled: sma.enabled, shortPeriod: String(sma.short_period), longPeriod: String(sma.long_period) },
    macd: {
      enabled: macd.enabled, fastPeriod: String(macd.fast_period), slowPeriod: String(macd.slow_period),
      signalPeriod: String(macd.signal_period),
    },
    bollinger: { enabled: bollinger.enabled, period: String(bollinger.period), stdDev: String(bollinger.std_dev) },
    signalMode: settings.signal_mode,
    minAgree: String(settings.signal_min_agree),
    orderType: settings.order_type,
    timeInForce: settings.time_in_force,
    positionSizePct: String(settings.position_size_pct),
    maxPositions: String(settings.max_positions),
    allowShort: settings.allow_short,
    execution: toExecutionForm(settings.execution),
    risk: toRiskForm(settings.risk),
    scheduleKind: settings.schedule_kind,
    intervalMinutes: String(settings.schedule_interval_minutes),
    cron: settings.schedule_cron ?? '',
    marketHoursOnly: settings.schedule_market_hours_only,
    extendedSessions: settings.schedule_extended_hours,
  };
}

/** The settings that a form without problems stands for; what the form does not show stays as it was. */
export function toSettings(form: StrategyForm, before: Settings): Settings {
  const { rsi, sma, macd, bollinger } = form;
  return {
    ...before,
    timeframe: form.timeframe,
    lookback_days: Number(form.lookbackDays),
    rsi: { enabled: rsi.enabled, period: Number(rsi.period), overbought: Number(rsi.overbought), oversold: Number(rsi.oversold) },
    sma: { enabled: sma.enabled, short_period: Number(sma.shortPeriod), long_period: Number(sma.longPeriod) },
    macd: {
      enabled: macd.enabled, fast_period: Number(macd.fastPeriod), slow_period: Number(macd.slowPeriod),
      signal_period: Number(macd.signalPeriod),
    },
    bollinger: { enabled: bollinger.enabled, period: Number(bollinger.period), std_dev: Number(bollinger.stdDev) },
    signal_mode: form.signalMode,
    signal_min_agree: Number(form.minAgree),
    order_type: form.orderType,
    time_in_force: form.timeInForce,
    position_size_pct: Number(form.positionSizePct),
    max_positions: Number(form.maxPositions),
    allow_short: form.allowShort,
    execution: toExecution(form.execution),
    risk: toRisk(form.risk),
    schedule_kind: form.scheduleKind,
    schedule_interval_minutes: Number(form.intervalMinutes),
    schedule_cron: form.cron.trim() === '' ? null : form.cron.trim(),
    schedule_market_hours_only: form.marketHoursOnly,
    schedule_extended_hours: form.extendedSessions,
  };
}

/** When a form without problems would run. */
export const scheduleOf = (form: StrategyForm): Schedule => ({
  timeframe: form.timeframe,
  schedule_kind: form.scheduleKind,
  schedule_interval_minutes: Number(form.intervalMinutes),
  schedule_market_hours_only: form.marketHoursOnly,
  schedule_extended_hours: form.extendedSessions,
  ...(form.scheduleKind === 'cron' ? { schedule_cron: form.cron.trim() } : {}),
});

const period = wholeBetween(1, 1000);
const below = (other: string, name: string): Rule => (text) =>
  Number(other) > 0 && Number(text) >= Number(other) ? `Must be below ${name} (${other}).` : '';

/** What is wrong with each field, by its name; empty sentences are fine. */
export function problemsOf(form: StrategyForm) {
  return {
    lookbackDays: check(form.lookbackDays, wholeBetween(1, 3650)),
    rsiPeriod: check(form.rsi.period, period),
    rsiOverbought: check(form.rsi.overbought, aboveUpTo(0, 100)),
    rsiOversold: check(form.rsi.oversold, fromBelow(0, 100), below(form.rsi.overbought, 'overbought')),
    smaShort: check(form.sma.shortPeriod, period, below(form.sma.longPeriod, 'the long period')),
    smaLong: check(form.sma.longPeriod, period),
    macdFast: check(form.macd.fastPeriod, period, below(form.macd.slowPeriod, 'the slow period')),
    macdSlow: check(form.macd.slowPeriod, period),
    macdSignal: check(form.macd.signalPeriod, period),
    bollingerPeriod: check(form.bollinger.period, wholeBetween(2, 1000)),
    bollingerStdDev: check(form.bollinger.stdDev, aboveUpTo(0, 10)),
    minAgree: check(form.minAgree, wholeBetween(1, 4)),
    positionSizePct: check(form.positionSizePct, aboveUpTo(0, 100)),
    maxPositions: check(form.maxPositions, wholeBetween(1, 500)),
    intervalMinutes: check(form.intervalMinutes, wholeBetween(1, 10080)),
    cron: form.scheduleKind === 'cron' ? check(form.cron, required('The cron expression'), fiveFields) : check(form.cron, fiveFields),
    ...executionProblems(form),
    risk: riskProblems(form.risk),
  };
}

/** How many fields are wrong. */
export function wrongFields({ risk, ...others }: ReturnType<typeof problemsOf>): number {
  return [...Object.values(others), ...Object.values(risk)].filter(Boolean).length;
}

/** Hints about a strategy that is allowed but never does what one expects. */
export function warningsOf(form: StrategyForm): string[] {
  const enabled = [form.rsi, form.sma, form.macd, form.bollinger].filter((indicator) => indicator.enabled).length;
  const warnings: string[] = [];
  if (enabled === 0) warnings.push('All indicators are off: every signal will be hold.');
  if (form.signalMode === 'majority' && enabled > 0 && Number(form.minAgree) > enabled) {
    warnings.push(`${form.minAgree} indicators must agree but only ${enabled} ${enabled === 1 ? 'is' : 'are'} on: every signal will be hold.`);
  }
  const most = Number(form.positionSizePct) * Number(form.maxPositions);
  if (form.execution.sizeBy === 'percent' && most > 100) warnings.push(`${form.maxPositions} positions of ${form.positionSizePct}% come to ${Number(most.toFixed(2))}% of equity: more than you have without borrowing.`);
  return warnings;
}
