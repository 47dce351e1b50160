import { describe, expect, test } from 'vitest';
import type { AuditReport, Finding, Invite, UserRecord } from '../api/types';
import { auditSentence, checkSentence, detailWords, disableSentence, enableSentence, factorSentence, inviteState, roleSentence, severities, shortIds, worstFirst } from './words';

const user: UserRecord = {
  id: '1', username: 'ann', email: 'a@example.org', role: 'trader', disabled: false, two_factor: false, created_at: '', last_login: null, sessions: 2,
};

describe('what an act will do', () => {
  test('a new role says what is won and lost', () => {
    expect(roleSentence(user, 'trader')).toBe('ann is a trader already.');
    expect(roleSentence(user, 'admin')).toContain('every user');
    expect(roleSentence({ ...user, role: 'admin' }, 'viewer')).toMatch(/^ann loses the admin room\. ann can look and change nothing/);
  });
  test('disabling names the sessions', () => {
    expect(disableSentence(user)).toContain('2 sessions end within seconds');
    expect(disableSentence({ ...user, sessions: 0 })).toContain('open pages end');
    expect(disableSentence(user)).toContain('stops trading ann’s accounts');
    expect(enableSentence(user)).toContain('traded again');
    expect(factorSentence(user)).toContain('2 sessions end within seconds');
  });
});

test('an invite is open, used or expired', () => {
  const invite = { expires_at: '2026-01-02T00:00:00Z', used_at: null, used_by: null } as Invite;
  const at = Date.parse('2026-01-01T00:00:00Z');
  expect(inviteState(invite, at)).toBe('Open');
  expect(inviteState(invite, at + 86_400_000)).toBe('Expired');
  expect(inviteState({ ...invite, used_at: '2026-01-01T00:00:00Z', used_by: 'bob' }, at)).toBe('Used by bob');
});

test('the audit says whether its chain is whole', () => {
  const whole: AuditReport = { ok: true, entries: 1, archived: 0, checkpoint: null, witnessed: null, problem: null, at: null };
  expect(auditSentence(whole)).toBe('The chain of 1 entry is whole.');
  expect(auditSentence({ ...whole, ok: false, problem: { sequence: 4, kind: 'changed', message: 'Entry 4 was changed.' } })).toBe(
    'The chain is broken. Entry 4 was changed.',
  );
});

test('details are one line, whatever they are', () => {
  expect(detailWords({ role: 'viewer', rate_limits: { api: '1/day' } })).toBe('role: viewer · rate limits: {"api":"1/day"}');
  expect(detailWords({ client_order_id: 'at1-x', side: 'buy', symbol: 'SPY' })).toBe('side: buy · symbol: SPY · client order id: at1-x');
  expect(detailWords({})).toBe('');
  expect(detailWords(null)).toBe('');
});

test('ids are shortened', () => {
  expect(shortIds('account:a8776b81-015f-4571-a516-0c2d34414910')).toBe('account:a8776b81…');
  expect(shortIds('symbol:AAPL')).toBe('symbol:AAPL');
});

test('findings come worst first, and are summed up', () => {
  const found = (severity: Finding['severity'], check: string): Finding => ({ severity, check, says: '', do: '' });
  const findings = [found('ok', 'a'), found('critical', 'b'), found('note', 'c'), found('warning', 'd'), found('critical', 'e')];
  expect(worstFirst(findings).map(({ check }) => check).join('')).toBe('bedca');
  expect(checkSentence(findings)).toBe('To mend: 2 critical, 1 warning.');
  expect(checkSentence([found('ok', 'a')])).toBe('Nothing to mend in 1 check.');
  expect(new Set(Object.values(severities).map(({ icon }) => icon)).size).toBe(4);
});
