import { expect, test } from 'vitest';
import type { Settings } from '../api/types';
import { differences, symbolsIn, symbolsProblem } from './own';

test('symbols are read with commas or blanks, each once', () => {
  expect(symbolsIn(' aapl, msft;SPY\nAAPL ')).toEqual(['AAPL', 'MSFT', 'SPY']);
  expect(symbolsIn('  ')).toEqual([]);
  expect(symbolsProblem('AAPL TOOLONG')).toContain('“TOOLONG”');
  expect(symbolsProblem('AAPL MSFT')).toBe('');
});

test('what differs is named by its place', () => {
  const mine = { position_size_pct: 10, rsi: { period: 14, enabled: true }, risk: { sectors: { AAPL: 'Tech', XOM: 'Oil' } } } as unknown as Settings;
  expect(differences(mine, mine)).toEqual([]);
  const own = { ...mine, position_size_pct: 5, rsi: { ...mine.rsi, period: 7 } };
  expect(differences(mine, own)).toEqual(['Position size (%)', 'Rsi: Period']);
});
