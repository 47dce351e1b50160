import { describe, expect, test } from 'vitest';
import { strengthOf } from './strength';

describe('the strength of a password', () => {
  test.each([
    ['password1', 'Very weak', 'common password'],
    ['qwertyuiop', 'Very weak', 'most used'],
    ['a calm desk, not a casino', 'Strong', ''],
  ])('%s', async (password, word, advice) => {
    const strength = await strengthOf(password, []);
    expect(strength.word).toBe(word);
    if (advice) expect(strength.advice).toContain(advice);
    else expect(strength.advice).toBe('');
  });

  test('one’s own name makes a password weaker', async () => {
    const stranger = await strengthOf('zorblatt99', []);
    const own = await strengthOf('zorblatt99', ['Zorblatt', 'z@example.org']);
    expect(own.score).toBeLessThan(stranger.score);
  });
});
