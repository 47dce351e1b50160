// What registering sends: the invite of a link, the setup code where the server asks for one.
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Session } from '../api/types';
import { session } from '../state/session.svelte';
import Register from './Register.svelte';

const visitor: Session = {
  signed_in: false, registration: 'open', registration_open: true, first_user: false, setup_code_required: false, demo: false, version: '',
};
let page: ReturnType<typeof mount>;

/** Shows the form, fills it and sends it; returns what was sent. */
async function registered(known: Partial<Session>, invite: string, more: Record<string, string> = {}, signInStatus = 200) {
  session.current = { ...visitor, ...known };
  let sent: unknown;
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.url.endsWith('/register')) sent = await request.json();
    const status = request.url.endsWith('/login') ? signInStatus : 200;
    return new Response('{}', { status, headers: { 'content-type': 'application/json' } });
  });
  page = mount(Register, { target: document.body, props: { invite } });
  flushSync();
  const texts = { 'new-username': 'ann', email: 'ann@example.org', 'new-password': 'a calm desk', ...more };
  for (const [name, text] of Object.entries(texts)) {
    const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
    input.value = text;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }
  flushSync();
  document.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(sent).toBeDefined());
  return sent;
}

afterEach(async () => {
  await unmount(page);
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

const ann = { username: 'ann', email: 'ann@example.org', password: 'a calm desk' };

test('an open registration sends neither', async () => {
  expect(await registered({}, '')).toEqual(ann);
  expect(document.querySelector('input[name="setup-code"]')).toBeNull();
});

test('who cannot sign in afterwards is told that something is in use', async () => {
  await registered({}, '', {}, 401);
  await vi.waitFor(() => expect(document.body.textContent).toContain('is in use already. Choose others'));
});

test('an invite is sent with it', async () => {
  expect(await registered({ registration: 'invite' }, 'its-secret')).toEqual({ ...ann, invite: 'its-secret' });
});

test('the very first user gives the setup code', async () => {
  const sent = await registered({ first_user: true, setup_code_required: true }, '', { 'setup-code': ' ABCD-1234 ' });
  expect(sent).toEqual({ ...ann, setup_code: 'ABCD-1234' });
});
