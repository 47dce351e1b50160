// Whatever a text from the server says, every page shows it as text: names, reasons, messages of the
// broker, addresses and programs of strangers in the audit.
import type { Page } from '@playwright/test';
import { enter, expect, rooms, signIn, test } from './desk';

const hostile = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;

/** Words that the page looks up, and values that are no prose. */
const words = /^(id|.*_id|.*_key|.*_at|from|to|at|type|kind|side|role|mode|state|status|outcome|signal|vote|registration|severity|method|methods|scopes|timeframe|format|purpose|.*_mode|.*_type|.*_kind|time_in_force|schedule_cron|step_up_methods|currency|reason_code|code|token|qr_url)$/;

/** The answer with the hostile words behind each text that is prose. */
function poisoned(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => poisoned(item, name));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poisoned(inner, key)]));
  const prose = typeof value === 'string' && !words.test(name) && !/^\d{4}-\d\d-\d\d|^-?[\d.]+$/.test(value);
  return prose ? `${value} ${hostile}` : value;
}

/** Puts the hostile words into all that the server tells the page from now on. */
async function poison(page: Page): Promise<void> {
  await page.route(/\/api\/(?!stream)/, async (route) => {
    const response = await route.fetch();
    if (!/json/.test(response.headers()['content-type'] ?? '')) return route.fulfill({ response });
    await route.fulfill({ response, json: poisoned(await response.json()) });
  });
  const told = async (path: string) => JSON.stringify(poisoned(await (await page.request.get(path)).json()));
  const events = [
    `event: account\ndata: ${await told('/api/account')}`,
    `event: positions\ndata: ${await told('/api/positions')}`,
    `event: orders\ndata: ${await told('/api/orders?status=all')}`,
    `event: signals\ndata: ${await told('/api/signals')}`,
    `event: status\ndata: ${await told('/api/scheduler-status')}`,
    `event: trading\ndata: ${await told('/api/trading')}`,
    `event: problem\ndata: ${JSON.stringify({ error: `The broker said ${hostile}` })}`,
  ];
  await page.route('**/api/stream', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: `retry: 600000\n\n${events.join('\n\n')}\n\n` }),
  );
}

test('every text is text', async ({ page, server, admin }) => {
  await signIn(page, admin);
  await expect(page.getByText(/updated/)).toBeVisible();
  await expect.poll(async () => ((await (await page.request.get('/api/cycles')).json()) as unknown[]).length, { timeout: 90_000 }).toBeGreaterThan(0);
  const made = { headers: { origin: server.url }, failOnStatusCode: true };
  await page.request.post('/api/tokens', { ...made, data: { name: 'robot', scopes: ['read'] } });
  await page.request.post('/api/admin/invites', { ...made, data: { note: 'for a friend' } });
  await poison(page);
  for (const room of rooms) {
    await enter(page, room);
    await expect(page.getByRole('main').getByText(hostile, { exact: false }).first(), room.name).toBeAttached();
    if (room.name === 'Security') await expect(page.getByText(`robot ${hostile}`).first()).toBeVisible();
    if (room.name === 'Registration') await expect(page.getByText(`for a friend ${hostile}`).first()).toBeVisible();
    expect(await page.locator('img, script:not([src]), main iframe').count(), room.name).toBe(0);
  }
});
