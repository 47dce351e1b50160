// The dashboard of one user: it opens without a sign-in, says so, and trades.
import { expect, test as base } from '@playwright/test';
import { startBinary, type Server } from './server';

const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await startBinary({}, 'dashboard');
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.url),
});

test('it opens without a sign-in, says so on every page, and trades', async ({ page }) => {
  test.setTimeout(300_000);
  const banner = page.getByText('Single user, no sign-in, this machine only.');
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
  await expect(banner).toBeVisible();
  await expect(page.getByLabel('Active account').locator('option:checked')).toHaveText(/demo/i);
  await expect(page.getByRole('button', { name: 'Sign out' })).toHaveCount(0);

  const rail = page.getByRole('navigation', { name: 'Rooms' });
  for (const room of ['Security', 'Admin']) await expect(rail.getByRole('link', { name: room })).toHaveCount(0);
  for (const room of ['Strategy', 'Activity', 'Accounts']) {
    await rail.getByRole('link', { name: room }).click();
    await expect(page.getByRole('heading', { name: room, exact: true }).first()).toBeVisible();
    await expect(banner).toBeVisible();
  }
  await page.goto('/login');
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();

  const orders = page.getByRole('region', { name: 'Orders' }).locator('tbody tr');
  await expect(orders.filter({ hasText: /filled/i }).first()).toBeVisible({ timeout: 120_000 });
});

test('a dangerous act asks for no factor', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Halt', exact: true }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: /^Halt/ }).first().click();
  await expect(page.getByText(/^Halted in/)).toBeVisible();
  await page.getByRole('button', { name: 'Resume …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^Resume/ }).first().click();
  await expect(page.getByText(/^Halted in/)).toHaveCount(0);
});

test("another site's page reaches nothing", async ({ page, server }) => {
  await page.goto('about:blank');
  const reached = await page.evaluate(async (url) => {
    const call = (path: string, init: RequestInit) => fetch(url + path, init).then((answer) => answer.status, () => 'refused');
    return [
      await call('/api/positions', {}),
      await call('/api/trading/halt', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
      await call('/api/trading/halt', { method: 'POST', mode: 'no-cors', body: '{}' }),
    ];
  }, server.url);
  expect(reached).toEqual(['refused', 'refused', 'refused']);
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
  await expect(page.getByText(/^Halted in/)).toHaveCount(0);
});

test('a server that orders nothing and runs no cycles says so', async ({ page }) => {
  const idle = await startBinary({}, 'dashboard', ['--dry-run', '--no-scheduler']);
  try {
    await page.goto(idle.url);
    await expect(page.getByText('Dry run. Cycles decide and record; nothing is submitted to a broker.')).toBeVisible();
    await expect(page.getByText('This server runs no cycles. The automation waits for one that does.')).toBeVisible();
    await page.getByRole('button', { name: 'Halt', exact: true }).first().click();
    await page.getByRole('dialog').getByRole('radio', { name: /^Close everything/ }).check();
    await page.getByRole('dialog').getByRole('button', { name: 'Close everything and halt' }).click();
    await expect(page.getByRole('dialog').getByRole('alert')).toContainText('nothing can be closed from here');
  } finally {
    await idle.stop();
  }
});
