import { describe, expect, test } from 'vitest';
import { aboveUpTo, atMost, between, check, emailAddress, fiveFields, fromBelow, optional, password, required, symbol, userName, wholeBetween } from './rules';

const cases: [string, (text: string) => string, string[], string[]][] = [
  ['a symbol', symbol, ['AAPL', 'f', ' spy '], ['', 'AAPLES', 'BRK.B', 'A1', '<b>']],
  ['a user name', userName, ['ann', 'heart.beat', 'a_b-c9', 'Zoë'], ['', 'ab', 'a b c', '<b>x</b>', 'x'.repeat(81)]],
  ['an e-mail address', emailAddress, ['a@b', 'name@example.org'], ['name', 'a@', '@b', 'a b@c', 'a@b@c']],
  ['a password', password, ['12345678', '🔑🔑🔑🔑🔑🔑🔑🔑'], ['', '1234567', '🔑🔑🔑🔑']],
  ['a whole number', wholeBetween(1, 1000), ['1', '1000', ' 14 '], ['0', '1001', '1.5', '-3', '', 'ten', '1e2']],
  ['a share', aboveUpTo(0, 100), ['0.5', '100', '.5'], ['0', '100.1', '-1', '', '1,5', 'x']],
  ['a threshold', fromBelow(0, 100), ['0', '99.9'], ['100', '-1', '']],
  ['an offset', between(-50, 50), ['-0.5', '0', '50', ' -50 '], ['50.1', '-51', '', '--1', '1-']],
  ['a limit that may be off', optional(aboveUpTo(0, 99)), ['', ' ', '5'], ['0', '99.5', 'x']],
  ['a cron expression', fiveFields, ['', '30 15 * * 1-5'], ['30 15', '* * * * * *']],
];

describe.each(cases)('%s', (_, rule, fine, wrong) => {
  test.each(fine)('%j is fine', (text) => expect(rule(text)).toBe(''));
  test.each(wrong)('%j is answered with a sentence', (text) => expect(rule(text)).toMatch(/\.$/));
});

test('the first problem is the one that is said', () => {
  const rules = [required('The name'), atMost(3, 'A name')];
  expect(check('  ', ...rules)).toBe('The name is missing.');
  expect(check('abcd', ...rules)).toBe('A name has at most 3 characters.');
  expect(check('abc', ...rules)).toBe('');
});
