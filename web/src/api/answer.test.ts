import createClient from 'openapi-fetch';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { answered, Problem, send, whenSignedOut } from './answer';
import type { paths } from './schema';

const client = createClient<paths>({ baseUrl: 'http://desk.test', fetch: send });

function answer(status: number, body: string, type = 'application/problem+json') {
  const fetched = vi.fn(async (request: Request) => {
    const response = new Response(body, { status, headers: { 'content-type': type } });
    return Object.defineProperty(response, 'url', { value: request.url });
  });
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const problemOf = (asked: Promise<unknown>): Promise<Problem> =>
  asked.then(() => expect.fail('it was answered'), (error: unknown) => {
    expect(error).toBeInstanceOf(Problem);
    return error as Problem;
  });
const problem = () => problemOf(answered(client.GET('/api/account')));

afterEach(() => {
  vi.unstubAllGlobals();
  whenSignedOut(() => {});
});

test('JSON goes out and comes in', async () => {
  const fetched = answer(201, '{"success":true,"symbol":"AAPL","name":"Apple"}', 'application/json');
  const added = await answered(client.POST('/api/watchlist', { body: { symbol: 'AAPL' } }));
  expect(added.name).toBe('Apple');
  const request = fetched.mock.calls[0]![0];
  expect(request).toMatchObject({ method: 'POST', url: 'http://desk.test/api/watchlist' });
  expect(request.headers.get('content-type')).toBe('application/json');
  expect(await request.json()).toEqual({ symbol: 'AAPL' });
});

test('a name with signs in it stays one part of the address', async () => {
  const fetched = answer(200, '{"success":true}', 'application/json');
  await answered(client.DELETE('/api/accounts/{name}', { params: { path: { name: 'a/b?c#d <img>' } } }));
  expect(fetched.mock.calls[0]![0].url).toBe('http://desk.test/api/accounts/a%2Fb%3Fc%23d%20%3Cimg%3E');
});

describe('what went wrong is one sentence', () => {
  test('the server’s own', async () => {
    answer(409, '{"error":"AAPL is on the watchlist already.","request_id":"r7"}');
    expect(await problem()).toMatchObject({ status: 409, message: 'AAPL is on the watchlist already.', requestId: 'r7' });
  });
  test('ours when the answer is no JSON', async () => {
    answer(502, '<html>Bad gateway</html>', 'text/html');
    expect((await problem()).message).toBe('The server had a fault. Try again; if it stays, look into its log.');
  });
  test('ours when something else answers in the server’s place', async () => {
    answer(200, '<html>Sign in to the hotel’s network</html>', 'text/html');
    expect((await problem()).message).toContain('does not answer');
  });
  test('ours when nothing answers', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('network'))));
    expect(await problem()).toMatchObject({ status: 0, message: expect.stringContaining('does not answer') });
  });
});

test('a session that has ended is told to whoever listens, a wrong password is not', async () => {
  const signedOut = vi.fn();
  whenSignedOut(signedOut);
  answer(401, '{"error":"Sign in first."}');
  await problem();
  expect(signedOut).toHaveBeenCalledOnce();
  await problemOf(answered(client.POST('/api/auth/login', { body: { username: 'a', password: 'b' } })));
  expect(signedOut).toHaveBeenCalledOnce();
});
