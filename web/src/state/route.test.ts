import { expect, test } from 'vitest';
import { roomAt, safePath } from './route.svelte';

test('after sign-in only pages of this site are gone to', () => {
  expect(safePath('/strategy')).toBe('/strategy');
  for (const text of [null, '', 'https://evil.example', '//evil.example', '/\\evil.example', '/login?next=/', '/register#code', '/set-password', 'javascript:alert(1)']) {
    expect(safePath(text)).toBe('/');
  }
});

test('only administrators have an admin room, with everything below it', () => {
  expect(roomAt('/admin/audit', true)?.name).toBe('Admin');
  expect(roomAt('/admin', false)).toBeUndefined();
  expect(roomAt('/administration', true)).toBeUndefined();
  expect(roomAt('/strategy', false)?.name).toBe('Strategy');
  expect(roomAt('/security', false)?.name).toBe('Security');
  expect(roomAt('/security', false, true)).toBeUndefined();
});
