import { expect, test } from 'vitest';
import { noFilters, queryOf } from './filters';

test('nothing chosen asks for everything', () => {
  expect(queryOf(noFilters)).toEqual({});
  expect(queryOf({ ...noFilters, actor: '  ', from: 'soon' })).toEqual({});
});

test('days are whole days of the reader', () => {
  const { from, to } = queryOf({ ...noFilters, from: '2026-01-31', to: '2026-01-31' });
  expect(from).toBe(new Date(2026, 0, 31).toISOString());
  expect(to).toBe(new Date(2026, 1, 1).toISOString());
});

test('words are trimmed', () => {
  expect(queryOf({ ...noFilters, action: ' login ', text: 'ann ' })).toEqual({ action: 'login', q: 'ann' });
});
