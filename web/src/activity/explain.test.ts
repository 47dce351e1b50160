import { expect, test } from 'vitest';
import { momentAsked } from './explain';

test('a minute is asked about to its end', () => {
  expect(momentAsked('2026-03-02T15:04')).toBe(new Date(new Date(2026, 2, 2, 15, 4, 59, 999).getTime()).toISOString());
  expect(momentAsked('')).toBe('');
  expect(momentAsked('not a time')).toBe('');
});
