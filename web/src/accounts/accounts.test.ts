import { describe, expect, test } from 'vitest';
import type { BrokerageAccount, Settings } from '../api/types';
import { consequences, rhythm, sizeSentence } from './automation';
import { accountChange, accountProblems } from './change';

const account: BrokerageAccount = {
  name: 'Main', api_key: 'PK123456...', paper: true, active: true, demo: false, automated: false, armed: true, next_run: null, created_at: '',
};
const same = { name: 'Main', apiKey: '', secretKey: '', paper: true };
const sentences = (problems: object) => Object.values(problems).filter(Boolean);

describe('an account form', () => {
  test('a new account needs everything', () => {
    expect(sentences(accountProblems({ ...same, name: '' }, null))).toHaveLength(3);
  });
  test('renaming needs no keys and sends only the name', () => {
    const renamed = { ...same, name: ' Second ' };
    expect(sentences(accountProblems(renamed, account))).toEqual([]);
    expect(accountChange(renamed, account)).toEqual({ name: 'Second' });
  });
  test('new keys come together', () => {
    expect(accountProblems({ ...same, apiKey: 'PK2' }, account).secretKey).toBe('The secret key is missing.');
  });
  test('going live needs the live keys', () => {
    const live = { ...same, paper: false };
    expect(sentences(accountProblems(live, account))).toHaveLength(2);
    expect(accountChange({ ...live, apiKey: 'AK1', secretKey: 's' }, account)).toEqual({ api_key: 'AK1', secret_key: 's', paper: false });
  });
});

describe('the automation dialog', () => {
  const settings = {
    position_size_pct: 10, max_positions: 5, allow_short: false,
    order_type: 'market', execution: { size_by: 'percent', max_slippage_pct: 0, dollars: 2500, shares: 10, risk_pct: 0.5 },
    schedule_kind: 'interval', schedule_interval_minutes: 60, schedule_cron: null, schedule_market_hours_only: true,
  } as Settings;

  test('repeats the numbers', () => {
    const text = consequences({ account, settings, symbols: 8, equity: 100_000 }).join(' ');
    expect(text).toContain('Every 60 minutes while the market is open, 8 watched symbols');
    expect(text).toContain('10% of equity, now $10,000.00; at most 5 positions at a time, so up to 50.00% of equity');
    expect(text).toContain('paper account: no real money moves');
  });
  test('names real money', () => {
    const text = consequences({ account: { ...account, paper: false }, settings, symbols: null, equity: null }).join(' ');
    expect(text).toContain('This is a LIVE account: the orders use real money');
    expect(text).not.toContain('now $');
  });
  test('says the times of a cron expression', () => {
    expect(rhythm({ ...settings, schedule_kind: 'cron', schedule_cron: '30 15 * * 1-5', schedule_market_hours_only: false })).toBe(
      'At the times of “30 15 * * 1-5” (New York)',
    );
    expect(rhythm({ ...settings, schedule_interval_minutes: 1 })).toBe('Every minute while the market is open');
    expect(rhythm({ ...settings, schedule_kind: 'bar_close', timeframe: '1Hour' })).toBe('Whenever a bar of an hour closes while the market is open');
  });
  test.each([
    ['dollars', 'Each entry is $2,500.00; at most 5 positions at a time, so up to $12,500.00.'],
    ['shares', 'Each entry is 10 shares; at most 5 positions at a time.'],
    ['volatility', 'Each entry risks 0.5% of equity, by how much the price moves; at most 5 positions at a time.'],
  ] as const)('says the size by %s', (size_by, words) => {
    expect(sizeSentence({ ...settings, execution: { ...settings.execution, size_by } })).toBe(words);
  });
});
