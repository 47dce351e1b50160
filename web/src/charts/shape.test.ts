import { describe, expect, test } from 'vitest';
import type { PortfolioHistory } from '../api/types';
import { baseValue, dailyResults, dailySummary, equityPoints, equitySummary, intervalOf, withLatest } from './shape';

const at = (text: string) => Date.parse(text) / 1000;

function history(more: Partial<PortfolioHistory>): PortfolioHistory {
  return { timestamp: [], equity: [], profit_loss: [], profit_loss_pct: [], base_value: null, timeframe: '1D', ...more };
}

test('points are in order, one a time, without the intervals that have no value', () => {
  const points = equityPoints(history({ timestamp: [30, 10, 20, 30], equity: [3, 1, null, 4] }));
  expect(points).toEqual([{ time: 10, value: 1 }, { time: 30, value: 4 }]);
});

describe('the latest equity', () => {
  const points = [{ time: 0, value: 100 }, { time: 900, value: 101 }];
  test('replaces the interval that still lasts', () => {
    expect(withLatest(points, '15Min', 105, 1799)).toEqual([{ time: 0, value: 100 }, { time: 900, value: 105 }]);
  });
  test('follows an interval that is over', () => {
    expect(withLatest(points, '15Min', 105, 1800)).toEqual([...points, { time: 1800, value: 105 }]);
  });
  test.each([
    ['unknown', null, 1000],
    ['older than the last point', 105, 800],
    ['of an unknown time', 105, Number.NaN],
  ])('%s changes nothing', (_, equity, time) => expect(withLatest(points, '15Min', equity, time)).toEqual(points));
  test('is not a history by itself', () => expect(withLatest([], '1D', 105, 1000)).toEqual([]));
});

test('an interval lasts as long as the chart’s steps, a day as long as New York’s', () => {
  const name = (timeframe: string, text: string) => intervalOf(timeframe, at(text));
  expect(name('15Min', '2020-06-01T14:00:00Z')).toBe(name('15Min', '2020-06-01T14:14:59Z'));
  expect(name('15Min', '2020-06-01T14:00:00Z')).not.toBe(name('15Min', '2020-06-01T14:15:00Z'));
  expect(name('1D', '2020-06-01T14:00:00Z')).toBe(name('1D', '2020-06-02T03:59:00Z'));
  expect(name('1D', '2020-06-01T14:00:00Z')).not.toBe(name('1D', '2020-06-02T04:00:00Z'));
  expect(intervalOf('1D', Number.NaN)).toBe('');
});

test('the start value is the broker’s, else the first point’s', () => {
  expect(baseValue(history({ base_value: 50 }), [{ time: 1, value: 60 }])).toBe(50);
  expect(baseValue(history({ base_value: 0 }), [{ time: 1, value: 60 }])).toBe(60);
  expect(baseValue(history({}), [])).toBeNull();
});

test('a day wins or loses against the day before, days being New York’s', () => {
  const points = [
    { time: at('2020-06-01T14:00:00Z'), value: 101 },
    { time: at('2020-06-02T01:00:00Z'), value: 103 }, // still June 1 in New York
    { time: at('2020-06-02T14:00:00Z'), value: 98 },
  ];
  expect(dailyResults(points, 100)).toEqual([{ day: '2020-06-01', value: 3 }, { day: '2020-06-02', value: -5 }]);
  expect(dailyResults(points, null)[0]).toEqual({ day: '2020-06-01', value: 0 });
});

describe('summaries', () => {
  test('equity that rose, fell, stood still', () => {
    const points = [{ time: 1, value: 90 }, { time: 2, value: 110 }];
    expect(equitySummary(points, 100, 'in one week')).toBe(
      'Equity rose by $10.00 (+10.00%) in one week, from $100.00 to $110.00; lowest $90.00, highest $110.00.',
    );
    expect(equitySummary(points, 220, 'today')).toContain('Equity fell by $110.00 (-50.00%) today');
    expect(equitySummary(points, 110, 'today')).toContain('Equity did not change today');
    expect(equitySummary([], 100, 'today')).toBe('No equity is known for this period yet.');
  });

  test('days', () => {
    const days = [{ day: '2020-06-01', value: 3 }, { day: '2020-06-02', value: -5 }, { day: '2020-06-03', value: 0 }];
    expect(dailySummary(days)).toBe(
      '3 days: 1 up, 1 down, -$2.00 in all; best +$3.00 on 2020-06-01, worst -$5.00 on 2020-06-02.',
    );
    expect(dailySummary([])).toBe('No day has a result yet.');
  });
});
