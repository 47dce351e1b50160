// The risk limits as a form: every number as the text that is typed, empty where the limit is off. Pure.
import type { RiskLimits } from '../api/types';
import { between, check, optional, required, wholeBetween, type Rule } from '../forms/rules';

const longestPause = 527_040; // minutes
const percent = between(0, 1000);
const share = between(0, 100);
const pause = wholeBetween(0, longestPause);
const span = wholeBetween(1, longestPause);

interface LimitField {
  path: string; // in the settings; a dot leads into a limit of several parts
  label: string;
  note: string; // one plain sentence
  rule: Rule;
  of?: string; // the part that switches this one's limit on: shown only then
  needed?: true; // must be given when the limit is on
}

interface LimitGroup {
  title: string;
  words: string;
  fields: LimitField[];
}

/** The limits that are one number or several, in the order of the page. */
export const limitGroups = [
  {
    title: 'How much',
    words: 'Shares of equity that an entry may not exceed.',
    fields: [
      { path: 'max_exposure_pct', label: 'All positions (%)', note: 'Longs, shorts and planned entries, added.', rule: percent },
      { path: 'max_symbol_pct', label: 'One symbol (%)', note: 'No entry makes a symbol larger than this.', rule: percent },
      { path: 'max_sector_pct', label: 'One sector (%)', note: 'All symbols of a sector together.', rule: percent },
    ],
  },
  {
    title: 'How often',
    words: 'Keeps the program from trading too fast.',
    fields: [
      { path: 'max_orders_per_minute', label: 'Orders a minute', note: 'What comes on top waits for the next cycle.', rule: wholeBetween(0, 10_000) },
      { path: 'max_orders_per_day', label: 'Orders a day', note: 'Counted by the day in New York.', rule: wholeBetween(0, 10_000) },
      { path: 'cooldown_minutes', label: 'Pause after an exit (minutes)', note: 'No entry in that symbol until then.', rule: pause },
    ],
  },
  {
    title: 'When it goes badly',
    words: 'Stops new entries; exits always go on.',
    fields: [
      { path: 'daily_loss_pct', label: 'Loss of a day (%)', note: 'So far below yesterday’s close, entries wait for the next session.', rule: share },
      { path: 'max_drawdown.percent', label: 'Drawdown (%)', note: 'So far below the highest equity, entries stop.', rule: share },
      { path: 'max_drawdown.lookback_days', label: 'The highest of how many days', note: 'Empty: ever.', rule: wholeBetween(0, 3650), of: 'max_drawdown.percent' },
      { path: 'max_drawdown.pause_minutes', label: 'Drawdown: pause (minutes)', note: 'Empty: as long as it is that deep.', rule: pause, of: 'max_drawdown.percent' },
      { path: 'consecutive_losses.trades', label: 'Losing trades in a row', note: 'After so many, entries stop.', rule: wholeBetween(0, 10_000) },
      { path: 'consecutive_losses.pause_minutes', label: 'Losing trades: pause (minutes)', note: 'Empty: until you resume.', rule: pause, of: 'consecutive_losses.trades' },
      { path: 'stoploss_guard.trades', label: 'Stop losses', note: 'So many of them in a span, and entries stop.', rule: wholeBetween(0, 10_000) },
      { path: 'stoploss_guard.lookback_minutes', label: 'Stop losses: within (minutes)', note: 'The span in which they are counted.', rule: span, of: 'stoploss_guard.trades', needed: true },
      { path: 'stoploss_guard.pause_minutes', label: 'Stop losses: pause (minutes)', note: 'How long entries stop.', rule: span, of: 'stoploss_guard.trades', needed: true },
      { path: 'low_profit_symbols.trades', label: 'Symbols that do not pay: trades', note: 'A symbol is judged by at least so many closed trades.', rule: wholeBetween(0, 10_000) },
      { path: 'low_profit_symbols.required_pct', label: 'Must have made together (%)', note: 'Less than this, and the symbol pauses.', rule: between(-100, 1000), of: 'low_profit_symbols.trades' },
      { path: 'low_profit_symbols.lookback_minutes', label: 'Low profit: within (minutes)', note: 'The span in which trades are counted.', rule: span, of: 'low_profit_symbols.trades', needed: true },
      { path: 'low_profit_symbols.pause_minutes', label: 'Low profit: pause (minutes)', note: 'How long the symbol pauses.', rule: span, of: 'low_profit_symbols.trades', needed: true },
    ],
  },
  {
    title: 'Prices and data',
    words: 'No entry on numbers that cannot be trusted.',
    fields: [
      { path: 'max_bar_age_minutes', label: 'Oldest bar (minutes)', note: 'An older last bar is stale: no entry.', rule: pause },
      { path: 'max_price_gap_pct', label: 'Gap to the last price (%)', note: 'Between the bar that decided and the price now.', rule: share },
      { path: 'max_spread_pct', label: 'Bid to ask (%)', note: 'A wider spread costs too much.', rule: share },
      { path: 'min_price', label: 'Lowest price ($)', note: 'Cheaper symbols are left alone.', rule: between(0, 1_000_000) },
      { path: 'min_volume', label: 'Lowest volume (shares)', note: 'Of the last bar.', rule: between(0, 1e12) },
    ],
  },
] satisfies LimitGroup[] as LimitGroup[];

const fields = limitGroups.flatMap((group) => group.fields);

export interface RiskForm {
  numbers: Record<string, string>; // by path
  perSymbol: boolean; // the stop-loss guard pauses only the symbol that was stopped out
  sectors: string; // a line each: `AAPL Technology`
}

type Tree = { [name: string]: unknown };

export function toRiskForm(limits: RiskLimits): RiskForm {
  const at = (path: string) => path.split('.').reduce<unknown>((part, name) => (part as Tree | undefined)?.[name], limits);
  return {
    numbers: Object.fromEntries(fields.map(({ path }) => [path, at(path) ? String(at(path)) : ''])),
    perSymbol: limits.stoploss_guard.per_symbol,
    sectors: Object.entries(limits.sectors ?? {}).sort(([a], [b]) => a.localeCompare(b)).map(([symbol, sector]) => `${symbol} ${sector}`).join('\n'),
  };
}

/** The limits that a form without problems stands for. */
export function toRisk(form: RiskForm): RiskLimits {
  const limits: Tree = { sectors: sectorsOf(form.sectors), stoploss_guard: { per_symbol: form.perSymbol } };
  for (const { path } of fields) {
    const [first, second] = path.split('.') as [string, string | undefined];
    const number = Number(form.numbers[path] || 0);
    if (second) limits[first] = { ...(limits[first] as Tree | undefined), [second]: number };
    else limits[first] = number;
  }
  return limits as unknown as RiskLimits;
}

/** Whether the limit that a field belongs to is on. */
export const limitIsOn = (form: RiskForm, field: LimitField): boolean => !field.of || Number(form.numbers[field.of]) > 0;

/** Each limit that is on as a short line, such as `Loss of a day (%): 3`. */
export function limitLines(limits: RiskLimits): string[] {
  const form = toRiskForm(limits);
  return fields.filter((field) => !field.of && Number(form.numbers[field.path]) > 0).map((field) => `${field.label}: ${form.numbers[field.path]}`);
}

/** What is wrong with each field, by its path. */
export function riskProblems(form: RiskForm): Record<string, string> {
  const problems: Record<string, string> = { sectors: sectorProblem(form) };
  for (const field of fields) {
    const text = form.numbers[field.path] ?? '';
    if (!limitIsOn(form, field)) problems[field.path] = '';
    else problems[field.path] = field.needed ? check(text, required('The span'), field.rule) : check(text, optional(field.rule));
  }
  return problems;
}

const linesOf = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean);

function sectorsOf(text: string): Record<string, string> {
  return Object.fromEntries(linesOf(text).map((line) => {
    const [, symbol = '', sector = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    return [symbol.replace(/[:,=]$/, '').toUpperCase(), sector.trim()];
  }));
}

function sectorProblem(form: RiskForm): string {
  const wrong = Object.entries(sectorsOf(form.sectors)).find(([symbol, sector]) => !/^[A-Z]{1,5}$/.test(symbol) || sector === '' || sector.length > 40);
  if (wrong) return `A symbol and its sector in each line, such as AAPL Technology. “${wrong.join(' ').trim()}” is not one.`;
  const capped = Number(form.numbers['max_sector_pct']) > 0;
  return capped && linesOf(form.sectors).length === 0 ? 'Name the sector of each symbol, or the share of one sector limits nothing.' : '';
}
