import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api } from '../api/api';
import type { AccountTrading, Cycle, Order, Signal, Standing, Trading } from '../api/types';
import { live } from './live.svelte';
import { notice } from './notice.svelte';
import { watchlist } from './watchlist.svelte';

const cycle = (id: string, slot: string, outcome: Cycle['outcome'] = 'done') =>
  ({ id, slot, started_at: slot, outcome, decisions: [] }) as unknown as Cycle;
const signal = (symbol: string) => ({ symbol, name: symbol }) as Signal;

beforeEach(() => live.stop());
afterEach(() => watchlist.forget());

test('an event replaces what was known and says when', () => {
  live.receive('positions', []);
  expect(live.positions).toEqual([]);
  expect(live.receivedAt).toBeGreaterThan(0);
  live.receive('problem', { error: 'The broker does not answer.' });
  expect(live.problem).toBe('The broker does not answer.');
  live.receive('problem', { error: '' });
  expect(live.problem).toBe('');
});

test('cycles are kept once each, newest first; a running one becomes a done one', () => {
  live.receive('cycle', cycle('a', '2020-06-01T14:00:00Z', 'running'));
  live.receive('cycle', cycle('b', '2020-06-01T15:00:00Z'));
  live.receive('cycle', cycle('a', '2020-06-01T14:00:00Z'));
  expect(live.cycles.map(({ id, outcome }) => [id, outcome])).toEqual([['b', 'done'], ['a', 'done']]);
  live.addCycles([cycle('c', '2020-06-01T10:00:00-04:30')]);
  expect(live.cycles.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
});

test('nothing of one account stays when another becomes active', () => {
  live.receive('positions', []);
  live.receive('cycle', cycle('a', '2020-06-01T14:00:00Z'));
  live.stop();
  expect([live.positions, live.cycles, live.receivedAt]).toEqual([null, [], 0]);
});

test('numbers are stale when the line is down, not before the first one', () => {
  live.connection = { state: 'down', retryAt: 0 };
  expect(live.stale).toBe(false);
  live.receive('positions', []);
  expect(live.stale).toBe(true);
  live.connection = { state: 'open' };
  expect(live.stale).toBe(false);
});

test('signals about other symbols make the watchlist be read again, once', () => {
  const read = vi.spyOn(api, 'watchlist').mockResolvedValue([{ symbol: 'AAPL', name: 'Apple' }]);
  watchlist.symbols = [{ symbol: 'AAPL', name: 'Apple' }];
  live.receive('signals', [signal('AAPL')]);
  expect(read).not.toHaveBeenCalled();
  live.receive('signals', [signal('AAPL'), signal('MSFT')]);
  expect(read).toHaveBeenCalledOnce();
});

test('a halt and a refused order that come by the stream are said, the first look is not', () => {
  const trading = (state: Standing['state'], reason: string) => {
    const standing = { scope: 'account', state, reason } as Standing;
    return { account: { name: 'Main', standing, own: standing, reconciliation: null } as AccountTrading } as Trading;
  };
  notice.clear();
  live.receive('trading', trading('halted', 'Before the page was opened.'));
  live.receive('orders', [{ id: '1', status: 'rejected', symbol: 'AAPL', side: 'buy' } as Order]);
  expect(notice.text).toBe('');
  live.receive('trading', trading('active', ''));
  live.receive('trading', trading('halted', 'The broker refused five orders in a row.'));
  expect(notice.text).toBe('Halted in Main: The broker refused five orders in a row.');
  live.receive('orders', [{ id: '2', status: 'rejected', symbol: 'SPY', side: 'sell' } as Order]);
  expect(notice.text).toBe('The broker refused to sell SPY.');
});
