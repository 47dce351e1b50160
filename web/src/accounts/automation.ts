// The words of the automation dialog: what will happen, with the numbers in it. Pure.
import type { BrokerageAccount, Settings } from '../api/types';
import { money, percent, plainNumber, quantity } from '../format/number';
import { count, mode } from '../format/words';

export interface Automation {
  account: Pick<BrokerageAccount, 'name' | 'paper' | 'demo'>;
  settings: Settings;
  symbols: number | null; // how many are watched
  equity: number | null;
}

/** When cycles run, such as `Every 60 minutes while the market is open`. */
export function rhythm(settings: Settings): string {
  return settings.schedule_market_hours_only ? `${times(settings)} while the market is open` : times(settings);
}

const bars: Record<Settings['timeframe'], string> = { '1Min': 'a minute', '5Min': '5 minutes', '15Min': '15 minutes', '1Hour': 'an hour', '1Day': 'a day' };

function times(settings: Settings): string {
  switch (settings.schedule_kind) {
    case 'bar_close':
      return `Whenever a bar of ${bars[settings.timeframe]} closes`;
    case 'cron':
      return `At the times of “${settings.schedule_cron}” (New York)`;
    default:
      return `Every ${settings.schedule_interval_minutes === 1 ? 'minute' : `${settings.schedule_interval_minutes} minutes`}`;
  }
}

/** How large entries are and how many there may be. */
export function sizeSentence(settings: Settings, equity: number | null = null): string {
  const most = `at most ${count(settings.max_positions, 'position')} at a time`;
  const { size_by, dollars, shares, risk_pct } = settings.execution;
  switch (size_by) {
    case 'dollars':
      return `Each entry is ${money(dollars)}; ${most}, so up to ${money(dollars * settings.max_positions)}.`;
    case 'shares':
      return `Each entry is ${quantity(shares)} ${shares === 1 ? 'share' : 'shares'}; ${most}.`;
    case 'volatility':
      return `Each entry risks ${plainNumber(risk_pct)}% of equity, by how much the price moves; ${most}.`;
    default: {
      const worth = equity === null ? '' : `, now ${money((equity * settings.position_size_pct) / 100)}`;
      return `Each entry is ${plainNumber(settings.position_size_pct)}% of equity${worth}; ${most}, so up to ` +
        `${percent(settings.position_size_pct * settings.max_positions)} of equity.`;
    }
  }
}

/** What turning the automation on will do, one sentence each. */
export function consequences({ account, settings, symbols, equity }: Automation): string[] {
  const watched = symbols === null ? 'the watched symbols' : count(symbols, 'watched symbol');
  const type = settings.order_type === 'limit' || settings.execution.max_slippage_pct > 0 ? 'limit' : 'market';
  return [
    `${rhythm(settings)}, ${watched} will be judged and ${type} orders sent without asking you again.`,
    sizeSentence(settings, equity),
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
