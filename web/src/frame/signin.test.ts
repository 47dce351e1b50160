// The two steps of signing in, as they are shown, against a server that is played.
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import SignIn from './SignIn.svelte';

type Play = (path: string, body: Record<string, unknown>) => [number, object];
let page: ReturnType<typeof mount>;

function play(answer: Play) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname;
    asked.push(path);
    const text = await request.text();
    const [status, content] = answer(path, text ? JSON.parse(text) : {});
    return new Response(JSON.stringify(content), { status, headers: { 'content-type': 'application/json' } });
  });
  page = mount(SignIn, { target: document.body });
  flushSync();
  return asked;
}

const field = (name: string) => document.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
function type(name: string, text: string) {
  const input = field(name);
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
}
function submit() {
  document.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  flushSync();
}
async function givePassword() {
  type('username', 'ann');
  type('password', 'a calm desk');
  submit();
  await vi.waitFor(() => expect(field('code')).not.toBeNull());
}
const button = (words: string) => [...document.querySelectorAll('button')].find((one) => one.textContent!.trim() === words)!;

const twoSteps: Play = (path, body) => {
  if (path === '/api/auth/login') return [200, { requires_2fa: true, methods: ['totp', 'recovery_code'] }];
  if (path === '/api/session') return [200, { signed_in: true }];
  if (body['token'] === '123 456') return [200, { success: true }];
  if (body['token'] === '000000') return [401, { error: 'The code is wrong or was used already.' }];
  return [400, { error: 'Sign in with your password first.' }];
};

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true }));
afterEach(async () => {
  await unmount(page);
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('after the password the code completes the sign-in', async () => {
  const asked = play(twoSteps);
  await givePassword();
  type('code', '123 456');
  submit();
  await vi.waitFor(() => expect(asked).toEqual(['/api/auth/login', '/api/auth/verify-2fa', '/api/session']));
});

test('a wrong code is said and can be tried again', async () => {
  play(twoSteps);
  await givePassword();
  type('code', '000000');
  submit();
  await vi.waitFor(() => expect(document.body.textContent).toContain('The code is wrong'));
  expect(field('code')).not.toBeNull();
});

test('text that is no code is not sent', async () => {
  const asked = play(twoSteps);
  await givePassword();
  type('code', '12345');
  submit();
  expect(document.body.textContent).toContain('The code has six digits.');
  expect(asked).toEqual(['/api/auth/login']);
});

test('when the server waits no longer, it begins anew', async () => {
  play(twoSteps);
  await givePassword();
  button('Use a recovery code').click();
  flushSync();
  type('recovery-code', 'ABCD-EFGH');
  submit();
  await vi.waitFor(() => expect(document.body.textContent).toContain('Sign in with your password first.'));
  expect(field('username').value).toBe('ann');
  expect(field('password').value).toBe('');
});

test('after five minutes it begins anew by itself', async () => {
  play(twoSteps);
  await givePassword();
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  flushSync();
  expect(document.body.textContent).toContain('longer than five minutes');
  expect(field('password').value).toBe('');
});

test('back leads to the password', async () => {
  play(twoSteps);
  await givePassword();
  button('Back').click();
  flushSync();
  expect(field('username').value).toBe('ann');
});
