import { expect, test } from 'vitest';
import { stepUp } from './stepup.svelte';

test('however many acts wait, the reader is asked once', async () => {
  const both = Promise.all([stepUp.ask(), stepUp.ask()]);
  expect(stepUp.asked).toBe(true);
  stepUp.answer(true);
  expect(await both).toEqual([true, true]);
  expect(stepUp.asked).toBe(false);
});

test('the next act is asked anew', async () => {
  const first = stepUp.ask();
  stepUp.answer(false);
  expect(await first).toBe(false);
  const second = stepUp.ask();
  expect(stepUp.asked).toBe(true);
  stepUp.answer(true);
  expect(await second).toBe(true);
});
