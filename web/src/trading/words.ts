// The words of halting and resuming: what is in force, and what an act will do, with the numbers in it. Pure.
import type { AccountTrading, Flattened, Order, Position, Standing, TradingState } from '../api/types';
import { money } from '../format/number';
import { count } from '../format/words';

/** What an account holds and has ordered, as far as the page knows. */
export interface Holdings {
  positions: number;
  worth: number; // dollars, long and short added
  openOrders: number;
}

const closed = new Set(['filled', 'canceled', 'expired', 'rejected', 'replaced', 'done_for_day', 'suspended']);

/** Null while positions or orders are not known. */
export function holdingsOf(positions: Position[] | null, orders: Order[] | null): Holdings | null {
  if (!positions || !orders) return null;
  return {
    positions: positions.length,
    worth: positions.reduce((sum, position) => sum + Math.abs(Number(position.market_value ?? 0)), 0),
    openOrders: orders.filter((order) => !closed.has(order.status)).length,
  };
}

export type Act = 'halt' | 'exits' | 'flatten' | 'resume';

/** What can be done about a state, the mildest first. */
export function actsFor(state: TradingState): Act[] {
  const acts: Record<TradingState, Act[]> = {
    active: ['exits', 'halt', 'flatten'],
    reduce_only: ['resume', 'halt', 'flatten'],
    halted: ['resume', 'exits', 'flatten'],
  };
  return acts[state];
}

/** The act that a dialog proposes first. */
export const firstAct = (state: TradingState): Act => (state === 'active' ? 'halt' : 'resume');

export const actWords: Record<Act, { words: string; verb: string }> = {
  halt: { words: 'Halt', verb: 'Halt trading' },
  exits: { words: 'Exits only', verb: 'Allow exits only' },
  flatten: { words: 'Close everything and halt', verb: 'Close everything and halt' },
  resume: { words: 'Resume', verb: 'Resume trading' },
};

/** What an act will do to an account, in one or two sentences. */
export function actSentence(act: Act, has: Holdings | null): string {
  const held = has ? positionsOf(has) : 'All positions';
  const open = has ? openOf(has) : 'open orders';
  switch (act) {
    case 'halt':
      return `Nothing is ordered until you resume. ${has && !has.positions && !has.openOrders ? 'There is no position and no open order.' : `${capital(held)} and ${open} stay as they are at the broker.`}`;
    case 'exits':
      return `No new position is opened until you resume; sell signals and stops still close what is held${has ? `: ${held}` : ''}.`;
    case 'flatten':
      return has && !has.positions && !has.openOrders
        ? 'There is nothing to close: no position and no open order. Then nothing is ordered until you resume.'
        : `${capital(closing(has))}. Then nothing is ordered until you resume.`;
    default:
      return 'The journal is compared with the broker first. When both agree, the automation orders again at its next run.';
  }
}

/** `2 open orders are canceled and 3 positions worth $1,500.00 closed`; what there is none of is not named. */
function closing(has: Holdings | null): string {
  if (!has) return 'open orders are canceled and all positions closed at the market price';
  const cancel = has.openOrders ? `${openOf(has)} ${has.openOrders === 1 ? 'is' : 'are'} canceled` : '';
  if (!has.positions) return cancel;
  const close = cancel ? `${cancel} and ${positionsOf(has)} closed` : `${positionsOf(has)} ${has.positions === 1 ? 'is' : 'are'} closed`;
  return `${close} at the market price`;
}

const positionsOf = (has: Holdings) => (has.positions === 0 ? 'no position' : `${count(has.positions, 'position')} worth ${money(has.worth)}`);
const openOf = (has: Holdings) => (has.openOrders === 0 ? 'no open order' : count(has.openOrders, 'open order'));
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** `Halted`, `Exits only`, `Active`. */
export const stateWord = (state: TradingState): string => ({ active: 'Active', reduce_only: 'Exits only', halted: 'Halted' })[state];

/** Who put a state in force: `by ann`, `by alpaca-trader itself`. */
export const whoWords = (standing: Standing): string =>
  standing.who === 'alpaca-trader' ? 'by alpaca-trader itself' : standing.who ? `by ${standing.who}` : '';

/** What became of closing everything. */
export function flattenedSentence(accounts: Flattened[]): string {
  const problem = accounts.find((account) => account.problem);
  if (problem) return accounts.length > 1 ? `${problem.account}: ${problem.problem}` : problem.problem;
  const orders = accounts.reduce((sum, account) => sum + account.orders.length, 0);
  const refused = accounts.flatMap((account) => account.orders).filter((order) => order.state === 'rejected');
  if (refused.length > 0) return `${refused[0]!.symbol} could not be closed: ${refused[0]!.problem || 'the broker refused the order.'}`;
  if (orders === 0) return 'Trading is halted. There was nothing to close.';
  const sent = `Trading is halted. ${count(orders, 'order')} to close ${orders === 1 ? 'a position' : 'positions'} ${orders === 1 ? 'was' : 'were'} sent`;
  return accounts.some((account) => account.pending) ? `${sent}; not all answers are in yet.` : `${sent}.`;
}

/** The orders that the broker refused since the list was last read, as a notice. */
export function rejectionsOf(before: Order[] | null, after: Order[]): string {
  if (!before) return '';
  const known = new Map(before.map((order) => [order.id, order.status]));
  const refused = after.filter((order) => order.status === 'rejected' && known.get(order.id) !== 'rejected');
  if (refused.length === 0) return '';
  const [first] = refused;
  return refused.length === 1
    ? `The broker refused to ${first!.side} ${first!.symbol}.`
    : `The broker refused ${refused.length} orders: ${refused.map((order) => order.symbol).join(', ')}.`;
}

/** A change of state that happened elsewhere or by itself, as a notice; empty when there is nothing to say. */
export function newsOf(before: AccountTrading | null, after: AccountTrading): string {
  if (!before || before.name !== after.name) return '';
  if (before.standing.state !== after.standing.state || before.standing.reason !== after.standing.reason) {
    const where = after.standing.scope === 'installation' ? 'the whole installation' : after.name;
    if (after.standing.state === 'active') return `Trading goes on in ${after.name}.`;
    return `${stateWord(after.standing.state)} in ${where}: ${after.standing.reason}`;
  }
  if ((before.reconciliation?.passed ?? true) && after.reconciliation && !after.reconciliation.passed) {
    return `${after.name}: ${after.reconciliation.sentence}`;
  }
  return '';
}
