// Routes of the administrators.
import { answered } from './answer';
import { client } from './client';
import type { AuditReport, RateLimits, Registration, Role } from './types';

const at = (id: string) => ({ params: { path: { id } } });

export interface AuditQuery {
  action?: string;
  actor?: string;
  from?: string;
  to?: string;
  q?: string;
  before?: number;
  limit?: number;
}

export const admin = {
  users: (query: { q?: string; after?: string; limit?: number }) =>
    answered(client.GET('/api/admin/users', { params: { query } })),
  addUser: (body: { username: string; email: string; role: Role }) =>
    answered(client.POST('/api/admin/users', { body })),
  changeUser: (id: string, body: { role?: Role; disabled?: boolean }) =>
    answered(client.PUT('/api/admin/users/{id}', { ...at(id), body })),
  resetPassword: (id: string) => answered(client.POST('/api/admin/users/{id}/reset-password', at(id))),
  resetFactors: (id: string) => answered(client.POST('/api/admin/users/{id}/reset-2fa', at(id))),
  endSessions: (id: string) => answered(client.DELETE('/api/admin/users/{id}/sessions', at(id))),

  settings: () => answered(client.GET('/api/admin/settings')),
  changeSettings: (body: { registration?: Registration; rate_limits?: Partial<RateLimits> }) =>
    answered(client.PUT('/api/admin/settings', { body })),
  doctor: () => answered(client.GET('/api/admin/doctor')),
  invites: () => answered(client.GET('/api/admin/invites')),
  invite: (body: { role: Exclude<Role, 'admin'>; expires_days: number; note: string }) =>
    answered(client.POST('/api/admin/invites', { body })),
  revokeInvite: (id: string) => answered(client.DELETE('/api/admin/invites/{id}', at(id))),

  audit: (query: AuditQuery) => answered(client.GET('/api/admin/audit', { params: { query } })),
  verifyAudit: () => answered<AuditReport>(client.GET('/api/admin/audit/verify')),
  exportAudit: (query: AuditQuery & { format: 'csv' | 'jsonl' }) =>
    answered(client.GET('/api/admin/audit/export', { params: { query }, parseAs: 'blob' })),
};
