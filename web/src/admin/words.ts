// The words of the admin room: what acts will do. Pure.
import type { AuditReport, Finding, Invite, Registration, Role, UserRecord } from '../api/types';
import { count, readable } from '../format/words';

export const roles: { value: Role; words: string }[] = [
  { value: 'trader', words: 'Trader: trades with their own accounts' },
  { value: 'viewer', words: 'Viewer: looks, changes nothing' },
  { value: 'admin', words: 'Admin: trades, and manages users' },
];

export const registrations: { value: Registration; words: string; note: string }[] = [
  { value: 'open', words: 'Open', note: 'Whoever reaches this server may register as a trader.' },
  { value: 'invite', words: 'By invite', note: 'Only with a one-time link that an administrator made.' },
  { value: 'closed', words: 'Closed', note: 'Nobody registers; administrators create users.' },
];

export const limitNames = {
  auth: { words: 'Sign-in and second factor', note: 'For each address.' },
  register: { words: 'Registration', note: 'For each address.' },
  api: { words: 'API tokens', note: 'For each token without a limit of its own.' },
  admin: { words: 'Changes by administrators', note: 'For each administrator.' },
  dashboard: { words: 'Signed-in pages', note: 'For each user.' },
} as const;
export type LimitName = keyof typeof limitNames;

/** How soon something should be done: a word and a sign besides the colour. */
export const severities: Record<Finding['severity'], { words: string; icon: string; tone: string }> = {
  critical: { words: 'Critical', icon: '✗', tone: 'live' },
  warning: { words: 'Warning', icon: '▲', tone: 'warning' },
  note: { words: 'Note', icon: '●', tone: 'muted' },
  ok: { words: 'Fine', icon: '✓', tone: 'gain' },
};

/** `TLS` for `tls`, `Backup disk` for `backup_disk`. */
export const checkName = (check: string): string => readable(check).replace(/\btls\b/gi, 'TLS');

/** The findings, what presses most first, each severity in the order of the checklist. */
export function worstFirst(findings: Finding[]): Finding[] {
  const order = Object.keys(severities);
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

/** What the checks come to. */
export function checkSentence(findings: Finding[]): string {
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity).length;
  const critical = of('critical');
  const warnings = of('warning');
  if (critical + warnings === 0) return `Nothing to mend in ${count(findings.length, 'check')}.`;
  return `To mend: ${critical} critical, ${count(warnings, 'warning')}.`;
}

/** What changing a role will do. */
export function roleSentence(user: UserRecord, role: Role): string {
  const name = user.username;
  if (role === user.role) return `${name} is ${role === 'admin' ? 'an' : 'a'} ${role} already.`;
  if (role === 'admin') return `${name} will see every user and the audit, and can change everybody’s role, yours too.`;
  const lost = user.role === 'admin' ? `${name} loses the admin room. ` : '';
  if (role === 'viewer') return `${lost}${name} can look and change nothing; the automation of ${name}’s accounts goes on as it is set.`;
  return `${lost}${name} can trade with accounts of ${name}’s own.`;
}

/** What disabling a user will do. */
export const disableSentence = ({ username, sessions: open }: UserRecord): string =>
  `${username} can no longer sign in, ${sessionsEnd(open)} within seconds, and API tokens are refused. The program stops trading ${username}’s accounts; positions and open orders stay. Nothing is deleted.`;

/** What enabling a user again will do. */
export const enableSentence = ({ username }: UserRecord): string =>
  `${username} can sign in again with the same password and second factor. Accounts whose automation is on are traded again.`;

/** What resetting the second factor will do. */
export const factorSentence = ({ username, sessions: open }: UserRecord): string =>
  `Authenticator app, recovery codes and passkeys of ${username} are removed: the password alone signs in. ${upper(sessionsEnd(open))} within seconds. Do this only when you are sure who asks.`;

const sessionsEnd = (open: number) => (open === 0 ? 'open pages end' : `${count(open, 'session')} ${open === 1 ? 'ends' : 'end'}`);
const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Whether an invite can still be used: `Used by ann`, `Expired`, `Open`. */
export function inviteState(invite: Invite, now: number): string {
  if (invite.used_at) return `Used by ${invite.used_by ?? 'somebody'}`;
  return Date.parse(invite.expires_at) <= now ? 'Expired' : 'Open';
}

/** What verifying the audit found. */
export function auditSentence(report: AuditReport): string {
  if (report.ok) return `The chain of ${count(report.entries, 'entry', 'entries')} is whole.`;
  return `The chain is broken. ${report.problem?.message ?? ''}`.trim();
}

/** `account:a8776b81…` for one with a whole UUID. */
export const shortIds = (text: string): string => text.replaceAll(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '$1…');

/** Details of an entry on one line, ids last: `role: viewer · note: first week`. */
export function detailWords(details: unknown): string {
  if (details === null || details === undefined || details === '') return '';
  if (typeof details !== 'object') return String(details);
  const isId = ([name]: [string, unknown]) => Number(/(^|_)id$/.test(name));
  return Object.entries(details)
    .sort((one, other) => isId(one) - isId(other))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' · ');
}
