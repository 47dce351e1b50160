import { expect, test } from 'vitest';
import type { Signal } from '../api/types';
import { signalLines } from './rows';

const signal = (symbol: string) => ({ symbol, name: `${symbol} Inc.` }) as Signal;

test('the watchlist decides which lines there are; a symbol without a signal waits', () => {
  const lines = signalLines([{ symbol: 'MSFT', name: 'Microsoft' }, { symbol: 'AAPL', name: 'Apple' }], [signal('AAPL'), signal('GONE')]);
  expect(lines.map((line) => [line.symbol, line.signal?.symbol ?? null])).toEqual([['MSFT', null], ['AAPL', 'AAPL']]);
});

test('until the watchlist is known, the signals are shown', () => {
  expect(signalLines(null, [signal('AAPL')])).toHaveLength(1);
  expect(signalLines(null, null)).toEqual([]);
});
