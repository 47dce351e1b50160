import { afterEach, describe, expect, test, vi } from 'vitest';
import { Problem, request, whenSignedOut } from './request';

const answer = (status: number, body: string) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body, { status })));

async function problem(path = '/api/account'): Promise<Problem> {
  const thrown = await request('GET', path).then(() => null, (error: unknown) => error);
  expect(thrown).toBeInstanceOf(Problem);
  return thrown as Problem;
}

afterEach(() => {
  vi.unstubAllGlobals();
  whenSignedOut(() => {});
});

test('JSON goes out and comes in', async () => {
  answer(201, '{"symbol":"AAPL"}');
  expect(await request('POST', '/api/watchlist', { symbol: 'AAPL' })).toEqual({ symbol: 'AAPL' });
  const [path, init] = vi.mocked(fetch).mock.calls[0]!;
  expect(path).toBe('/api/watchlist');
  expect(init).toMatchObject({ method: 'POST', body: '{"symbol":"AAPL"}', headers: { 'Content-Type': 'application/json' } });
});

describe('what went wrong is one sentence', () => {
  test('the server’s own', async () => {
    answer(409, '{"error":"AAPL is on the watchlist already.","request_id":"r7"}');
    expect(await problem()).toMatchObject({ status: 409, message: 'AAPL is on the watchlist already.', requestId: 'r7' });
  });
  test('ours when the answer is no JSON', async () => {
    answer(502, '<html>Bad gateway</html>');
    expect((await problem()).message).toBe('The server had a fault. Try again; if it stays, look into its log.');
  });
  test('ours when nothing answers', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('network'))));
    expect(await problem()).toMatchObject({ status: 0, message: expect.stringContaining('does not answer') });
  });
});

test('a session that has ended is told once to whoever listens, a wrong password is not', async () => {
  const signedOut = vi.fn();
  whenSignedOut(signedOut);
  answer(401, '{"error":"Sign in first."}');
  await problem();
  expect(signedOut).toHaveBeenCalledOnce();
  await problem('/api/auth/login');
  expect(signedOut).toHaveBeenCalledOnce();
});
