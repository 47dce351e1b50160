import { describe, expect, test } from 'vitest';
import type { AccountTrading, Flattened, Order, Position, Standing } from '../api/types';
import { actSentence, actsFor, firstAct, flattenedSentence, holdingsOf, newsOf, rejectionsOf } from './words';

const standing = (state: Standing['state'], reason = '', scope: Standing['scope'] = 'account'): Standing =>
  ({ scope, state, reason, cause: reason ? 'person' : '', who: reason ? 'ann' : '', since: null });
const account = (state: Standing['state'], reason = '', more: Partial<AccountTrading> = {}): AccountTrading => ({
  name: 'Main', mode: 'paper', active: true, automated: true, armed: true, armed_at: null, next_run: null, ready: true,
  standing: standing(state, reason), own: standing(state, reason), reconciliation: null, ...more,
});
const order = (id: string, status: string, symbol = 'AAPL') => ({ id, status, symbol, side: 'buy' }) as Order;

describe('what is held', () => {
  const positions = [{ market_value: 1200 }, { market_value: -300 }] as Position[];
  test('longs and shorts are added, closed orders are not counted', () => {
    expect(holdingsOf(positions, [order('1', 'new'), order('2', 'filled'), order('3', 'partially_filled')])).toEqual({ positions: 2, worth: 1500, openOrders: 2 });
  });
  test('is not known before both are', () => expect(holdingsOf(positions, null)).toBeNull());
});

describe('an act says what will happen', () => {
  const has = { positions: 2, worth: 1500, openOrders: 1 };
  test('closing everything, with the numbers', () => {
    expect(actSentence('flatten', has)).toBe(
      '1 open order is canceled and 2 positions worth $1,500.00 closed at the market price. Then nothing is ordered until you resume.',
    );
    expect(actSentence('flatten', { ...has, openOrders: 0 })).toMatch(/^2 positions worth \$1,500.00 are closed at the market price\./);
    expect(actSentence('flatten', { positions: 0, worth: 0, openOrders: 2 })).toMatch(/^2 open orders are canceled\. Then/);
    expect(actSentence('flatten', { positions: 0, worth: 0, openOrders: 0 })).toContain('There is nothing to close');
  });
  test('halting leaves things as they are', () => {
    expect(actSentence('halt', has)).toBe('Nothing is ordered until you resume. 2 positions worth $1,500.00 and 1 open order stay as they are at the broker.');
    expect(actSentence('halt', null)).toContain('All positions and open orders stay');
  });
});

test('what is in force is not offered again, and a stop proposes to resume', () => {
  expect(actsFor('halted')).toEqual(['resume', 'exits', 'flatten']);
  expect(actsFor('active')).not.toContain('resume');
  expect([firstAct('active'), firstAct('reduce_only'), firstAct('halted')]).toEqual(['halt', 'resume', 'resume']);
});

describe('what became of closing everything', () => {
  const closed = (more: Partial<Flattened>): Flattened => ({ account: 'Main', orders: [], pending: false, problem: '', ...more });
  const sent = { symbol: 'AAPL', side: 'sell' as const, qty: '3', state: 'accepted', problem: '', client_order_id: 'at1-x' };
  test('orders are counted', () => {
    expect(flattenedSentence([closed({ orders: [sent] })])).toBe('Trading is halted. 1 order to close a position was sent.');
    expect(flattenedSentence([closed({ orders: [sent, sent], pending: true })])).toContain('2 orders to close positions were sent; not all answers');
    expect(flattenedSentence([closed({})])).toBe('Trading is halted. There was nothing to close.');
  });
  test('what failed comes first', () => {
    expect(flattenedSentence([closed({ orders: [{ ...sent, state: 'rejected', problem: 'Not enough shares.' }] })])).toContain('Not enough shares.');
    expect(flattenedSentence([closed({}), closed({ account: 'Second', problem: 'The broker does not answer.' })])).toBe('Second: The broker does not answer.');
  });
});

describe('news', () => {
  test('a halt by the program is said with its reason', () => {
    expect(newsOf(account('active'), account('halted', 'AAPL differs.'))).toBe('Halted in Main: AAPL differs.');
    expect(newsOf(account('halted', 'x'), account('active'))).toBe('Trading goes on in Main.');
    expect(newsOf(account('active'), { ...account('active'), standing: standing('halted', 'Maintenance.', 'installation') })).toBe('Halted in the whole installation: Maintenance.');
  });
  test('differences are said once', () => {
    const differs = account('active', '', { reconciliation: { checked_at: null, passed: false, in_a_row: 1, drift: [], sentence: 'AAPL 3 at the broker.' } });
    expect(newsOf(account('active'), differs)).toBe('Main: AAPL 3 at the broker.');
    expect(newsOf(differs, differs)).toBe('');
  });
  test('the first look and another account are no news', () => {
    expect(newsOf(null, account('halted', 'x'))).toBe('');
    expect(newsOf(account('active'), { ...account('halted', 'x'), name: 'Second' })).toBe('');
  });
  test('refused orders are named', () => {
    expect(rejectionsOf(null, [order('1', 'rejected')])).toBe('');
    expect(rejectionsOf([order('1', 'new')], [order('1', 'rejected')])).toBe('The broker refused to buy AAPL.');
    expect(rejectionsOf([], [order('1', 'rejected'), order('2', 'rejected', 'MSFT')])).toBe('The broker refused 2 orders: AAPL, MSFT.');
    expect(rejectionsOf([order('1', 'rejected')], [order('1', 'rejected')])).toBe('');
  });
});
