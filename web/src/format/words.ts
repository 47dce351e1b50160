// Words for names that the server uses.
import type { BrokerageAccount, Decision, IndicatorName, Vote } from '../api/types';

export const indicatorNames: Record<IndicatorName, string> = {
  rsi: 'RSI', sma: 'SMA', macd: 'MACD', bollinger: 'Bollinger',
};

/** `1 order`, `2 orders`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `Partially filled` for `partially_filled`. */
export function readable(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `RSI` for `rsi`, `Upper band` for `upper_band`. */
export const valueName = (name: string): string =>
  readable(name).replace(/\b(rsi|sma|ema|macd)\b/gi, (word) => word.toUpperCase());

/** What kind of money moves in an account. */
export function mode(account: Pick<BrokerageAccount, 'paper' | 'demo'>): 'Demo' | 'Paper' | 'Live' {
  if (account.demo) return 'Demo';
  return account.paper ? 'Paper' : 'Live';
}

/** The sentence behind a vote. */
export function voteSentence(vote: Vote): string {
  const name = indicatorNames[vote.indicator] ?? vote.indicator;
  return vote.problem || vote.reason || `${name} sees no reason to act.`;
}

export const voteWord = (vote: Vote) =>
  vote.problem ? 'cannot vote' : vote.action === '' ? 'no vote' : vote.action;

/** How an order's state reads: good, bad, or still open. */
export function orderTone(state: string): 'gain' | 'loss' | 'warning' {
  if (state === 'filled') return 'gain';
  return ['rejected', 'canceled', 'expired'].includes(state) ? 'loss' : 'warning';
}

/** `2 orders, 6 skipped`. */
export function decided(decisions: Decision[]): string {
  if (decisions.length === 0) return 'no decisions';
  const orders = decisions.filter((decision) => decision.order).length;
  return `${count(orders, 'order')}, ${decisions.length - orders} skipped`;
}
