// Takes the pictures of docs/USER_GUIDE.md from the real program with the demonstration market.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, signOut, test, type User } from '../e2e/desk';
import { totp } from '../e2e/totp';
import { withPalette } from './palette';

const folder = resolve(import.meta.dirname, '../../docs/pictures');
const aMoment = 60_000;
const ada: User = { username: 'ada', password: 'a calm desk, not a casino' };
const open = (page: Page, room: string) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: room }).click();

async function picture(page: Page, name: string, what: Page | Locator = page): Promise<void> {
  await writeFile(resolve(folder, `${name}.png`), await withPalette(page, await what.screenshot({ animations: 'disabled', caret: 'hide' })));
}

test('the pictures of the user guide', async ({ page }) => {
  await test.step('first start', async () => {
    await page.goto('/login');
    await page.getByRole('tab', { name: 'Register' }).click();
    await page.getByLabel('User name', { exact: true }).fill(ada.username);
    await page.getByLabel('E-mail', { exact: true }).fill('ada@example.org');
    await page.getByLabel('New password', { exact: true }).fill(ada.password);
    await picture(page, 'register');
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
  });

  await test.step('home, signals and votes', async () => {
    const signals = page.getByRole('region', { name: 'Signals' });
    await expect(signals.locator('tbody tr').first().getByText(/(Buy|Sell|Hold)$/)).toBeVisible({ timeout: aMoment });
    await expect(page.getByRole('region', { name: 'Positions' }).locator('tbody tr').first()).toBeVisible({ timeout: aMoment });
    await expect(page.getByRole('region', { name: 'Orders' }).locator('tbody tr').first()).toBeVisible({ timeout: aMoment });
    await expect(page.getByRole('img', { name: 'Equity' }).locator('canvas').first()).toBeVisible();
    await picture(page, 'home');
    await signals.getByRole('button', { name: /^Why/ }).first().click();
    await expect(signals.getByText(/Judged on the closed bar of/)).toBeVisible();
    await picture(page, 'signals', signals);
    await page.setViewportSize({ width: 390, height: 780 });
    await page.goto('/');
    await expect(signals.getByText(/(Buy|Sell|Hold)$/).first()).toBeVisible({ timeout: aMoment });
    await picture(page, 'home-phone');
    await signals.scrollIntoViewIfNeeded();
    await picture(page, 'signals-phone');
    await page.setViewportSize({ width: 1200, height: 820 });
  });

  await test.step('strategy, limits, schedule', async () => {
    await open(page, 'Strategy');
    await expect(page.getByRole('switch', { name: 'MACD' })).toBeVisible();
    await picture(page, 'strategy');
    await picture(page, 'schedule', page.getByRole('group', { name: 'Schedule' }));
    await page.getByRole('heading', { name: 'Risk limits' }).evaluate((heading) => heading.scrollIntoView());
    await picture(page, 'limits');
  });

  await test.step('halt', async () => {
    await open(page, 'Home');
    await page.getByRole('banner').getByRole('button', { name: 'Halt', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('Earnings today.');
    await expect(dialog.getByText(/\d positions? worth/).first()).toBeVisible({ timeout: aMoment });
    await picture(page, 'halt');
    await dialog.getByRole('button', { name: 'Halt trading' }).click();
    await expect(dialog).toHaveCount(0);
    await picture(page, 'halted');
    await page.getByRole('banner').getByRole('button', { name: 'Resume', exact: true }).click();
    await dialog.getByRole('button', { name: 'Resume trading' }).click();
    await expect(dialog).toHaveCount(0);
  });

  await test.step('why it did, or did not, trade', async () => {
    await open(page, 'Activity');
    const why = page.getByRole('button', { name: /^Why [A-Z]+$/ }).first();
    await expect(why).toBeVisible({ timeout: 2 * aMoment });
    const symbol = (await why.textContent())!.replace('Why', '').trim();
    const asking = page.getByRole('region', { name: 'Why did it, or did it not, trade?' });
    await asking.getByLabel('Symbol').fill(symbol);
    await asking.getByRole('button', { name: 'Explain' }).click();
    await expect(asking.getByText(/^Cycle of/)).toBeVisible();
    await picture(page, 'why', asking);
  });

  await test.step('going live', async () => {
    await open(page, 'Accounts');
    await page.getByRole('button', { name: 'Add account' }).click();
    const form = page.getByRole('dialog', { name: 'Add account' });
    await form.getByLabel('Name').fill('Retirement');
    await form.getByRole('radio', { name: /^Live/ }).check();
    await form.getByLabel('API key', { exact: true }).fill('AKNOTAREALKEY0000000');
    await form.getByLabel('Secret key', { exact: true }).fill('not-a-real-secret');
    await picture(page, 'account');
    await form.getByRole('button', { name: 'Add account' }).click();
    await expect(form).toHaveCount(0, { timeout: aMoment });
    await page.getByRole('button', { name: 'Arm', exact: true }).click();
    await expect(page.getByRole('dialog', { name: 'Arm Retirement?' }).getByText(/^Each entry is/)).toBeVisible();
    await picture(page, 'arm');
    await page.keyboard.press('Escape');
  });

  await test.step('second factor', async () => {
    await open(page, 'Security');
    await page.getByRole('button', { name: 'Set up authenticator app' }).click();
    const image = page.getByRole('img', { name: /^QR code/ });
    await expect.poll(() => image.evaluate((shown: HTMLImageElement) => shown.naturalWidth)).toBeGreaterThan(100);
    await picture(page, 'authenticator');
    await page.getByRole('button', { name: 'Show the key' }).click();
    const secret = (await page.getByLabel('Key', { exact: true }).textContent())!;
    await page.getByLabel(/The code that the app shows/).fill(await totp(secret, 1));
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await signOut(page);
    await page.goto('/login');
    await page.getByLabel('User name or e-mail').fill(ada.username);
    await page.getByLabel('Password', { exact: true }).fill(ada.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByLabel('Code', { exact: true })).toBeVisible();
    await picture(page, 'second-factor');
  });
});
