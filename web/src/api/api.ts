// Every route that the page uses, one line each.
import { request } from './request';
import type {
  Account, AccountChange, BrokerageAccount, Cycle, NewAccount, Order, Period, PortfolioHistory,
  Position, Session, Settings, Signal, Status, WatchedSymbol,
} from './types';

const get = <T>(path: string) => request<T>('GET', path);
const account = (name: string) => `/api/accounts/${encodeURIComponent(name)}`;

export const api = {
  session: () => get<Session>('/api/session'),
  register: (who: { username: string; email: string; password: string }) =>
    request<{ message: string }>('POST', '/api/auth/register', who),
  signIn: (who: { username: string; password: string; remember: boolean }) =>
    request<{ success: boolean }>('POST', '/api/auth/login', who),
  signOut: () => request<void>('POST', '/api/auth/logout'),

  account: () => get<Account>('/api/account'),
  positions: () => get<Position[]>('/api/positions'),
  orders: () => get<Order[]>('/api/orders'),
  history: (period: Period) => get<PortfolioHistory>(`/api/portfolio-history?period=${period}`),
  signals: () => get<Signal[]>('/api/signals'),
  status: () => get<Status>('/api/scheduler-status'),
  cycles: (limit: number) => get<Cycle[]>(`/api/cycles?limit=${limit}`),

  watchlist: () => get<WatchedSymbol[]>('/api/watchlist'),
  watch: (symbol: string) => request<WatchedSymbol>('POST', '/api/watchlist', { symbol }),
  unwatch: (symbol: string) => request<void>('DELETE', `/api/watchlist/${encodeURIComponent(symbol)}`),

  settings: () => get<Settings>('/api/settings'),
  saveSettings: (settings: Settings) => request<{ settings: Settings }>('PUT', '/api/settings', settings),

  accounts: () => get<BrokerageAccount[]>('/api/accounts'),
  addAccount: (added: NewAccount) =>
    request<{ message: string; verified: boolean; warning?: string }>('POST', '/api/accounts', added),
  changeAccount: (name: string, change: AccountChange) =>
    request<{ message?: string; warning?: string } | null>('PUT', account(name), change),
  deleteAccount: (name: string) => request<void>('DELETE', account(name)),
  activateAccount: (name: string) => request<void>('POST', `${account(name)}/activate`),
};
