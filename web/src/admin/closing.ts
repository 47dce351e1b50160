// What closing every position of everybody is about, and what became of it, in words.
import type { InstallationFlattened } from '../api/types';
import { count } from '../format/words';

/** After a dry run. */
export function toCloseSentence({ accounts, orders, failed, problem }: InstallationFlattened): string {
  const unknown = failed > 0 ? ` ${count(failed, 'account')} could not be asked: ${problem}` : '';
  return `${orders === 0 ? 'No position' : count(orders, 'position')} in ${count(accounts, 'account')}.${unknown}`;
}

/** Afterwards. */
export function closedSentence({ orders, pending, failed, problem }: InstallationFlattened): string {
  const sent = orders === 0 ? 'Everybody is halted.' : `Everybody is halted. ${count(orders, 'order')} to close positions ${orders === 1 ? 'was' : 'were'} sent.`;
  const waits = pending > 0 ? ` The closing goes on in ${count(pending, 'account')}.` : '';
  const left = failed > 0 ? ` ${count(failed, 'account')} could not be closed: ${problem} Ask again to close what is left.` : '';
  if (!orders && !waits && !left) return `${sent} There was nothing to close.`;
  return sent + waits + left;
}
