// Routes about what may be ordered: states, comparison with the broker, strategies of single accounts, explanations.
import { answered } from './answer';
import { client } from './client';
import type {
  AccountStrategy, Explanation, Flattened, InstallationFlattened, InstallationTrading, Reach, Reconciliation, RiskLimits, Settings, Trading, TradingState,
} from './types';

const at = (name: string) => ({ params: { path: { name } } });
/** The part of the settings that says when cycles run. */
export type Schedule = Pick<Settings, 'timeframe' | 'schedule_kind' | 'schedule_interval_minutes' | 'schedule_market_hours_only' | 'schedule_extended_hours'> & { schedule_cron?: string };
type Stop = Reach & { state?: 'halted' | 'reduce_only'; reason?: string };

export const trading = {
  state: () => answered<Trading>(client.GET('/api/trading')),
  halt: (body: Stop) => answered(client.POST('/api/trading/halt', { body })),
  resume: (body: Reach & { state?: 'active' | 'reduce_only' }) => answered(client.POST('/api/trading/resume', { body })),
  flatten: (body: Stop & { dry_run?: boolean }) => answered<{ accounts: Flattened[] }>(client.POST('/api/trading/flatten', { body })),

  reconcile: (name: string, adopt: boolean) =>
    answered<Reconciliation>(client.POST('/api/accounts/{name}/reconcile', { ...at(name), body: { adopt } })),

  strategyOf: (name: string) => answered<AccountStrategy>(client.GET('/api/accounts/{name}/strategy', at(name))),
  saveStrategyOf: (name: string, body: Settings) => answered<AccountStrategy>(client.PUT('/api/accounts/{name}/strategy', { ...at(name), body })),
  forgetStrategyOf: (name: string) => answered<AccountStrategy>(client.DELETE('/api/accounts/{name}/strategy', at(name))),
  watchlistOf: (name: string) => answered(client.GET('/api/accounts/{name}/watchlist', at(name))),
  saveWatchlistOf: (name: string, symbols: string[]) =>
    answered(client.PUT('/api/accounts/{name}/watchlist', { ...at(name), body: { symbols } })),
  forgetWatchlistOf: (name: string) => answered(client.DELETE('/api/accounts/{name}/watchlist', at(name))),

  /** When a schedule would run, before it is saved. */
  nextRuns: (query: Schedule) => answered(client.GET('/api/schedule/next', { params: { query } })),

  explain: (query: { symbol: string; at?: string; account?: string }) =>
    answered<Explanation>(client.GET('/api/explain', { params: { query } })),

  installation: () => answered<InstallationTrading>(client.GET('/api/admin/trading')),
  changeInstallation: (body: { state?: TradingState; reason?: string; limits?: RiskLimits }) =>
    answered<InstallationTrading>(client.PUT('/api/admin/trading', { body })),
  flattenInstallation: (body: { reason?: string; dry_run?: boolean }) =>
    answered<InstallationFlattened>(client.POST('/api/admin/trading/flatten', { body })),
};
