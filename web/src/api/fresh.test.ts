import { afterEach, describe, expect, test, vi } from 'vitest';
import { sendFresh, whenStepUpNeeded } from './fresh';

const json = (status: number, content: object) =>
  new Response(JSON.stringify(content), { status, headers: { 'content-type': 'application/problem+json' } });
const refusal = () => json(403, { error: 'Show a factor first.', code: 'step_up_required' });
const request = () =>
  new Request('http://localhost/api/tokens', { method: 'POST', body: '{"name":"a"}', headers: { 'content-type': 'application/json' } });

function server(...answers: Response[]) {
  const bodies: Promise<string>[] = [];
  const fetch = vi.fn(async (asked: Request) => {
    bodies.push(asked.text());
    return answers.shift()!;
  });
  vi.stubGlobal('fetch', fetch);
  return { fetch, bodies: () => Promise.all(bodies) };
}

afterEach(() => vi.unstubAllGlobals());

describe('a request that needs a fresh factor', () => {
  test('is repeated with its body once the factor was shown', async () => {
    const { bodies } = server(refusal(), json(201, { id: '1' }));
    const ask = vi.fn(async () => true);
    whenStepUpNeeded(ask);
    expect((await sendFresh(request())).status).toBe(201);
    expect(ask).toHaveBeenCalledOnce();
    expect(await bodies()).toEqual(['{"name":"a"}', '{"name":"a"}']);
  });
  test('says whether the password is asked for besides', async () => {
    for (const [content, full] of [[{}, false], [{ full: true }, true]] as const) {
      server(json(403, { code: 'step_up_required', ...content }), json(200, {}));
      const ask = vi.fn(async () => true);
      whenStepUpNeeded(ask);
      await sendFresh(request());
      expect(ask).toHaveBeenCalledWith(full);
    }
  });
  test('is repeated only once', async () => {
    const { fetch } = server(refusal(), refusal(), json(200, {}));
    whenStepUpNeeded(async () => true);
    expect((await sendFresh(request())).status).toBe(403);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
  test('is not repeated when the reader cancels, and the reason says so', async () => {
    const { fetch } = server(refusal());
    whenStepUpNeeded(async () => false);
    await expect(sendFresh(request())).rejects.toThrow('Nothing was done');
    expect(fetch).toHaveBeenCalledOnce();
  });
  test('differs from a plain refusal', async () => {
    server(json(403, { error: 'Only administrators may do this.' }));
    const ask = vi.fn(async () => true);
    whenStepUpNeeded(ask);
    const answer = await sendFresh(request());
    expect(ask).not.toHaveBeenCalled();
    expect(await answer.json()).toEqual({ error: 'Only administrators may do this.' });
  });
});
