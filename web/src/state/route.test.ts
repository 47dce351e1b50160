import { expect, test } from 'vitest';
import { safePath } from './route.svelte';

test('after sign-in only pages of this site are gone to', () => {
  expect(safePath('/strategy')).toBe('/strategy');
  for (const text of [null, '', 'https://evil.example', '//evil.example', '/\\evil.example', '/login?next=/', 'javascript:alert(1)']) {
    expect(safePath(text)).toBe('/');
  }
});
