import { expect, test } from 'vitest';
import type { Decision, Vote } from '../api/types';
import { count, decided, mode, readable, valueName, voteSentence, voteWord } from './words';

const vote = (more: Partial<Vote>): Vote => ({ indicator: 'sma', action: '', values: [], reason: '', problem: '', ...more });

test('a problem is said before a reason, and silence is said too', () => {
  expect(voteSentence(vote({ problem: 'SMA needs 200 bars, has 143.', reason: 'x' }))).toBe('SMA needs 200 bars, has 143.');
  expect(voteSentence(vote({ action: 'buy', reason: 'RSI 27.4 < 30' }))).toBe('RSI 27.4 < 30');
  expect(voteSentence(vote({}))).toBe('SMA sees no reason to act.');
  expect(voteWord(vote({ problem: 'x' }))).toBe('cannot vote');
  expect(voteWord(vote({}))).toBe('no vote');
  expect(voteWord(vote({ action: 'sell' }))).toBe('sell');
});

test('a demonstration account is neither paper nor live', () => {
  expect(mode({ paper: true, demo: true })).toBe('Demo');
  expect(mode({ paper: true, demo: false })).toBe('Paper');
  expect(mode({ paper: false, demo: false })).toBe('Live');
});

test('names become words', () => {
  expect(readable('partially_filled')).toBe('Partially filled');
  expect(valueName('rsi')).toBe('RSI');
  expect(valueName('macd_line')).toBe('MACD line');
  expect(count(1, 'order')).toBe('1 order');
  expect(count(0, 'order')).toBe('0 orders');
});

test('a cycle is counted', () => {
  const ordered = { order: { state: 'filled' } } as Decision;
  const skipped = { order: null } as Decision;
  expect(decided([ordered, skipped, skipped])).toBe('1 order, 2 skipped');
  expect(decided([])).toBe('no decisions');
});
