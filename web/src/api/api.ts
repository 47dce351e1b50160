// The routes about trading, one line each, checked against the server's own schema. Those about
// who one is are in identity.ts, the administrators' in admin.ts.
import { answered } from './answer';
import { client } from './client';
import type { AccountChange, Cycle, NewAccount, Period, Session, Settings, Signal } from './types';

const at = (name: string) => ({ params: { path: { name } } });

export const api = {
  session: () => answered<Session>(client.GET('/api/session')),
  signOut: () => answered(client.POST('/api/auth/logout')),

  history: (period: Period) => answered(client.GET('/api/portfolio-history', { params: { query: { period } } })),
  signals: () => answered<Signal[]>(client.GET('/api/signals')),
  cycles: (limit: number) => answered<Cycle[]>(client.GET('/api/cycles', { params: { query: { limit } } })),

  watchlist: () => answered(client.GET('/api/watchlist')),
  watch: (symbol: string) => answered(client.POST('/api/watchlist', { body: { symbol } })),
  unwatch: (symbol: string) => answered(client.DELETE('/api/watchlist/{symbol}', { params: { path: { symbol } } })),

  settings: () => answered<Settings>(client.GET('/api/settings')),
  saveSettings: (body: Settings) => answered<{ settings: Settings }>(client.PUT('/api/settings', { body })),

  accounts: () => answered(client.GET('/api/accounts')),
  addAccount: (body: NewAccount) => answered(client.POST('/api/accounts', { body })),
  changeAccount: (name: string, body: AccountChange) => answered(client.PUT('/api/accounts/{name}', { ...at(name), body })),
  deleteAccount: (name: string) => answered(client.DELETE('/api/accounts/{name}', at(name))),
  armAccount: (name: string, confirm_name: string) =>
    answered(client.POST('/api/accounts/{name}/arm', { ...at(name), body: { confirm_name } })),
  disarmAccount: (name: string) => answered(client.DELETE('/api/accounts/{name}/arm', at(name))),
  activateAccount: (name: string) => answered(client.POST('/api/accounts/{name}/activate', at(name))),
};
