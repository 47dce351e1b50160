// What of the audit is shown. Pure.
import type { AuditQuery } from '../api/admin';

export interface Filters {
  action: string;
  actor: string;
  from: string; // days of the reader's zone, 2026-01-31; empty: no bound
  to: string;
  text: string;
}

export const noFilters: Filters = { action: '', actor: '', from: '', to: '', text: '' };

/** The server's question: moments instead of days, the last day whole. */
export function queryOf(filters: Filters): AuditQuery {
  const query: AuditQuery = {};
  if (filters.action.trim()) query.action = filters.action.trim();
  if (filters.actor.trim()) query.actor = filters.actor.trim();
  if (filters.text.trim()) query.q = filters.text.trim();
  const [from, to] = [midnight(filters.from, 0), midnight(filters.to, 1)];
  if (from) query.from = from;
  if (to) query.to = to;
  return query;
}

/** The start of a day in the reader's zone, so many days later. */
function midnight(day: string, later: number): string | null {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (!year) return null;
  return new Date(Number(year), Number(month) - 1, Number(date) + later).toISOString();
}
