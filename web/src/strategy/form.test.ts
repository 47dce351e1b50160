import { describe, expect, test } from 'vitest';
import type { Settings } from '../api/types';
import { problemsOf, toForm, toSettings, warningsOf } from './form';

const settings: Settings = {
  timeframe: '1Hour', lookback_days: 30,
  rsi: { enabled: true, period: 14, overbought: 70, oversold: 30 },
  sma: { enabled: true, short_period: 50, long_period: 200 },
  macd: { enabled: true, fast_period: 12, slow_period: 26, signal_period: 9 },
  bollinger: { enabled: true, period: 20, std_dev: 2.5 },
  signal_mode: 'majority', signal_min_agree: 2, order_type: 'market', time_in_force: 'day',
  position_size_pct: 10, max_positions: 5, allow_short: false,
  schedule_interval_minutes: 60, schedule_cron: null, schedule_market_hours_only: true,
};

test('the form gives back what it was made of', () => {
  expect(toSettings(toForm(settings), settings)).toEqual(settings);
  const cron = { ...settings, schedule_cron: '30 15 * * 1-5' };
  expect(toSettings(toForm(cron), cron)).toEqual(cron);
});

test('the defaults have no problem and no warning', () => {
  expect(Object.values(problemsOf(toForm(settings))).filter(Boolean)).toEqual([]);
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
