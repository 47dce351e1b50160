import { expect, test } from 'vitest';
import { closedSentence, toCloseSentence } from './closing';

const none = { accounts: 3, orders: 0, pending: 0, failed: 0, problem: '' };

test('what would be closed is counted, and who could not be asked', () => {
  expect(toCloseSentence(none)).toBe('No position in 3 accounts.');
  expect(toCloseSentence({ ...none, orders: 4, failed: 1, problem: 'The broker is away.' })).toBe('4 positions in 3 accounts. 1 account could not be asked: The broker is away.');
});

test('afterwards what was sent, what goes on and what is left', () => {
  expect(closedSentence(none)).toBe('Everybody is halted. There was nothing to close.');
  expect(closedSentence({ ...none, orders: 1 })).toBe('Everybody is halted. 1 order to close positions was sent.');
  expect(closedSentence({ ...none, orders: 2, pending: 1 })).toBe('Everybody is halted. 2 orders to close positions were sent. The closing goes on in 1 account.');
  expect(closedSentence({ ...none, failed: 2, problem: 'The broker is away.' })).toBe(
    'Everybody is halted. 2 accounts could not be closed: The broker is away. Ask again to close what is left.',
  );
});
