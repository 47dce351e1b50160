// From the server's portfolio history to what a chart, a table and a sentence need. Pure.
import type { Period, PortfolioHistory } from '../api/types';
import { changePercent, money, signedMoney, signedPercent } from '../format/number';
import { tradingDay } from '../format/time';

export interface Point {
  time: number; // seconds since 1970
  value: number;
}

export interface DayResult {
  day: string; // 2020-06-01, in New York
  value: number; // dollars won or lost
}

export const periods: { name: Period; words: string }[] = [
  { name: '1D', words: 'today' },
  { name: '1W', words: 'in one week' },
  { name: '1M', words: 'in one month' },
  { name: '3M', words: 'in three months' },
  { name: '6M', words: 'in six months' },
  { name: '1A', words: 'in one year' },
];

const seconds: Record<string, number> = { '15Min': 900, '1H': 3600, '1D': 86400 };

/** The equity line, oldest first, one point a time; intervals without a value are left out. */
export function equityPoints(history: PortfolioHistory): Point[] {
  const byTime = new Map<number, number>();
  history.timestamp.forEach((time, index) => {
    const value = history.equity[index];
    if (typeof value === 'number' && Number.isFinite(value)) byTime.set(time, value);
  });
  return [...byTime].sort(([a], [b]) => a - b).map(([time, value]) => ({ time, value }));
}

/** The points with the latest equity: in the last interval while that lasts, after it from then on. */
export function withLatest(points: Point[], timeframe: string, equity: number | null, at: number): Point[] {
  const last = points.at(-1);
  if (!last || equity === null || !(at >= last.time)) return points;
  const inside = at < last.time + (seconds[timeframe] ?? 86400);
  return inside
    ? [...points.slice(0, -1), { time: last.time, value: equity }]
    : [...points, { time: at, value: equity }];
}

/** Names the interval of the market's time (seconds); it changes when the next one begins. */
export function intervalOf(timeframe: string, at: number): string {
  if (!Number.isFinite(at)) return '';
  const length = seconds[timeframe] ?? 86400;
  return `${timeframe} ${length >= 86400 ? tradingDay(at * 1000) : Math.floor(at / length)}`;
}

/** The value that the period started with: the broker's, or the first point's. */
export function baseValue(history: PortfolioHistory, points: Point[]): number | null {
  return history.base_value ? history.base_value : (points[0]?.value ?? null);
}

/** What each day won or lost: its last equity less that of the day before, the first day's less base. */
export function dailyResults(points: Point[], base: number | null): DayResult[] {
  const closes = new Map<string, number>();
  for (const point of points) closes.set(tradingDay(point.time * 1000), point.value);
  let before = base;
  return [...closes].map(([day, close]) => {
    const value = close - (before ?? close);
    before = close;
    return { day, value };
  });
}

/** The equity chart in one sentence. */
export function equitySummary(points: Point[], base: number | null, words: string): string {
  const last = points.at(-1);
  if (!last || base === null) return 'No equity is known for this period yet.';
  const values = points.map((point) => point.value);
  const change = last.value - base;
  const moved = change === 0 ? 'did not change' : change > 0 ? 'rose' : 'fell';
  const by = change === 0 ? '' : ` by ${money(Math.abs(change))} (${signedPercent(changePercent(last.value, base))})`;
  return `Equity ${moved}${by} ${words}, from ${money(base)} to ${money(last.value)}; ` +
    `lowest ${money(Math.min(...values))}, highest ${money(Math.max(...values))}.`;
}

/** The daily chart in one sentence. */
export function dailySummary(days: DayResult[]): string {
  const [first] = days;
  if (!first) return 'No day has a result yet.';
  const best = days.reduce((a, b) => (b.value > a.value ? b : a));
  const worst = days.reduce((a, b) => (b.value < a.value ? b : a));
  const won = days.filter((day) => day.value > 0).length;
  const lost = days.filter((day) => day.value < 0).length;
  const total = days.reduce((sum, day) => sum + day.value, 0);
  return `${days.length} ${days.length === 1 ? 'day' : 'days'}: ${won} up, ${lost} down, ${signedMoney(total)} in all; ` +
    `best ${signedMoney(best.value)} on ${best.day}, worst ${signedMoney(worst.value)} on ${worst.day}.`;
}
