// The words of the automation dialog: what will happen, with the numbers in it. Pure.
import type { BrokerageAccount, Settings } from '../api/types';
import { money, percent, plainNumber } from '../format/number';
import { count, mode } from '../format/words';

export interface Automation {
  account: Pick<BrokerageAccount, 'name' | 'paper' | 'demo'>;
  settings: Settings;
  symbols: number | null; // how many are watched
  equity: number | null;
}

/** When cycles run, such as `Every 60 minutes while the market is open`. */
export function rhythm(settings: Settings): string {
  const every = settings.schedule_cron
    ? `At the times of “${settings.schedule_cron}” (New York)`
    : `Every ${settings.schedule_interval_minutes === 1 ? 'minute' : `${settings.schedule_interval_minutes} minutes`}`;
  return settings.schedule_market_hours_only ? `${every} while the market is open` : every;
}

/** What turning the automation on will do, one sentence each. */
export function consequences({ account, settings, symbols, equity }: Automation): string[] {
  const watched = symbols === null ? 'the watched symbols' : count(symbols, 'watched symbol');
  const share = `${plainNumber(settings.position_size_pct)}% of equity`;
  const worth = equity === null ? '' : `, now ${money((equity * settings.position_size_pct) / 100)}`;
  return [
    `${rhythm(settings)}, ${watched} will be judged and market orders sent without asking you again.`,
    `Each entry is ${share}${worth}; at most ${count(settings.max_positions, 'position')} at a time, so up to ` +
      `${percent(settings.position_size_pct * settings.max_positions)} of equity.`,
    settings.allow_short
      ? 'A sell signal sells the whole position, or sells short when there is none.'
      : 'A sell signal sells the whole position; nothing is sold short.',
    moneySentence(account),
  ];
}

function moneySentence(account: Automation['account']): string {
  switch (mode(account)) {
    case 'Live':
      return 'This is a LIVE account: the orders use real money and can lose it.';
    case 'Paper':
      return 'This is a paper account: no real money moves.';
    default:
      return 'This is a demonstration account: no real money moves.';
  }
}
