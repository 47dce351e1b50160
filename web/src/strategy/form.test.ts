import { describe, expect, test } from 'vitest';
import type { Settings } from '../api/types';
import { problemsOf, toForm, toSettings, warningsOf, wrongFields } from './form';
import { limitLines } from './risk';

const settings: Settings = {
  timeframe: '1Hour', lookback_days: 30,
  rsi: { enabled: true, period: 14, overbought: 70, oversold: 30 },
  sma: { enabled: true, short_period: 50, long_period: 200 },
  macd: { enabled: true, fast_period: 12, slow_period: 26, signal_period: 9 },
  bollinger: { enabled: true, period: 20, std_dev: 2.5 },
  signal_mode: 'majority', signal_min_agree: 2, order_type: 'market', time_in_force: 'day',
  position_size_pct: 10, max_positions: 5, allow_short: false,
  execution: {
    size_by: 'percent', dollars: 0, shares: 0, risk_pct: 0, atr_period: 14, atr_multiple: 2, whole_shares: false,
    limit_offset_pct: 0, max_slippage_pct: 0, extended_hours: false,
    stop_loss_pct: 0, take_profit_pct: 0, trailing_stop_pct: 0, foreign: 'adopt',
  },
  risk: {
    max_exposure_pct: 0, max_symbol_pct: 0, max_sector_pct: 0, sectors: {}, max_orders_per_minute: 0, max_orders_per_day: 0, daily_loss_pct: 0,
    max_drawdown: { percent: 0, lookback_days: 0, pause_minutes: 0 }, consecutive_losses: { trades: 0, pause_minutes: 0 }, cooldown_minutes: 0,
    stoploss_guard: { trades: 0, lookback_minutes: 0, pause_minutes: 0, per_symbol: false },
    low_profit_symbols: { trades: 0, lookback_minutes: 0, pause_minutes: 0, required_pct: 0 },
    max_bar_age_minutes: 0, max_price_gap_pct: 0, max_spread_pct: 0, min_price: 0, min_volume: 0,
  },
  schedule_kind: 'bar_close', schedule_interval_minutes: 60, schedule_cron: null, schedule_market_hours_only: true,
  schedule_extended_hours: false,
};

test('the form gives back what it was made of', () => {
  expect(toSettings(toForm(settings), settings)).toEqual(settings);
  const cron = { ...settings, schedule_cron: '30 15 * * 1-5' };
  expect(toSettings(toForm(cron), cron)).toEqual(cron);
  const risk: Settings['risk'] = {
    ...settings.risk, max_sector_pct: 30, sectors: { AAPL: 'Technology', XOM: 'Oil and gas' }, daily_loss_pct: 2.5,
    stoploss_guard: { trades: 3, lookback_minutes: 1440, pause_minutes: 60, per_symbol: true },
    low_profit_symbols: { trades: 4, lookback_minutes: 10_000, pause_minutes: 600, required_pct: -1.5 }, min_volume: 25_000,
  };
  const execution: Settings['execution'] = { ...settings.execution, size_by: 'volatility', risk_pct: 0.5, limit_offset_pct: -0.25, stop_loss_pct: 4, foreign: 'ignore' };
  const full = { ...settings, order_type: 'limit', execution, risk } satisfies Settings;
  expect(toSettings(toForm(full), full)).toEqual(full);
});

test('the defaults have no problem and no warning', () => {
  expect(wrongFields(problemsOf(toForm(settings)))).toBe(0);
  expect(warningsOf(toForm(settings))).toEqual([]);
});

describe('problems that need two fields', () => {
  test.each([
    ['smaShort', { sma: { enabled: true, shortPeriod: '200', longPeriod: '200' } }],
    ['macdFast', { macd: { enabled: true, fastPeriod: '30', slowPeriod: '26', signalPeriod: '9' } }],
    ['rsiOversold', { rsi: { enabled: true, period: '14', overbought: '70', oversold: '70' } }],
  ] as const)('%s', (field, change) => {
    expect(problemsOf({ ...toForm(settings), ...change })[field]).toMatch(/^Must be below/);
  });
});

test('a strategy that can never act is said to be one', () => {
  const form = toForm(settings);
  const off = { ...form, rsi: { ...form.rsi, enabled: false }, sma: { ...form.sma, enabled: false }, macd: { ...form.macd, enabled: false } };
  expect(warningsOf(off)).toEqual(['2 indicators must agree but only 1 is on: every signal will be hold.']);
  expect(warningsOf({ ...off, bollinger: { ...form.bollinger, enabled: false } })).toEqual(['All indicators are off: every signal will be hold.']);
  expect(warningsOf({ ...form, positionSizePct: '40' })[0]).toContain('200% of equity');
});

describe('how orders are made', () => {
  const form = toForm(settings);
  const ordered = (change: Partial<typeof form.execution>, rest: Partial<typeof form> = {}) =>
    problemsOf({ ...form, ...rest, execution: { ...form.execution, ...change } });

  test('only the size that is chosen must be given', () => {
    expect(ordered({ sizeBy: 'dollars' }).dollars).toBe('The number is missing.');
    expect(ordered({ sizeBy: 'dollars', dollars: '0.5' }).dollars).toContain('no broker takes a smaller order');
    expect(ordered({ sizeBy: 'shares', shares: '1.5', wholeShares: true }).shares).toContain('Whole shares only');
    expect(ordered({ sizeBy: 'percent', dollars: 'x' }).dollars).toBe('');
  });
  test('a trailing stop stands alone', () => {
    expect(ordered({ trailingStopPct: '5' }).trailingStopPct).toBe('');
    expect(ordered({ trailingStopPct: '5', stopLossPct: '4' }).trailingStopPct).toContain('Not together');
    expect(ordered({ trailingStopPct: '0.05' }).trailingStopPct).not.toBe('');
  });
  test('protection needs orders that last', () => {
    expect(ordered({ stopLossPct: '4' }, { timeInForce: 'ioc' }).stopLossPct).toContain('until the session ends');
    expect(ordered({ stopLossPct: '4' }).stopLossPct).toBe('');
  });
  test('outside regular hours there are limit orders for the day only', () => {
    expect(ordered({ extendedHours: true }).extendedHours).toContain('limit orders only');
    expect(ordered({ extendedHours: true, maxSlippagePct: '0.5' }).extendedHours).toBe('');
    expect(ordered({ extendedHours: true }, { orderType: 'limit', timeInForce: 'gtc' }).extendedHours).toContain('session');
  });
});

describe('risk limits', () => {
  const form = toForm(settings);
  const limited = (numbers: Record<string, string>, sectors = '') =>
    problemsOf({ ...form, risk: { ...form.risk, numbers: { ...form.risk.numbers, ...numbers }, sectors } }).risk;

  test('the parts of a limit count only when it is on', () => {
    expect(limited({ 'stoploss_guard.lookback_minutes': 'x' })['stoploss_guard.lookback_minutes']).toBe('');
    expect(limited({ 'stoploss_guard.trades': '3' })['stoploss_guard.lookback_minutes']).toBe('The span is missing.');
    expect(limited({ 'max_drawdown.percent': '10' })['max_drawdown.lookback_days']).toBe('');
  });
  test('a sector limit needs sectors, each with a symbol', () => {
    expect(limited({ max_sector_pct: '30' })['sectors']).toContain('limits nothing');
    expect(limited({ max_sector_pct: '30' }, 'AAPL Technology\nXOM: Oil and gas')['sectors']).toBe('');
    expect(limited({}, 'AAPL')['sectors']).toContain('“AAPL”');
  });
  test('those that are on are listed', () => {
    expect(limitLines(settings.risk)).toEqual([]);
    expect(limitLines({ ...settings.risk, daily_loss_pct: 3, max_drawdown: { percent: 10, lookback_days: 30, pause_minutes: 0 } })).toEqual([
      'Loss of a day (%): 3', 'Drawdown (%): 10',
    ]);
  });
});
