// What an administrator does, and what the one feels to whom it is done.
import type { Page } from '@playwright/test';
import { expect, givePassword, newUser, signIn, test } from './desk';

const users = (page: Page) => page.getByRole('region', { name: 'Users' }).locator('tbody tr');
const link = async (page: Page) => {
  const text = await page.getByRole('list', { name: 'One-time link' }).textContent();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  return text!.trim();
};

async function choose(page: Page, registration: string): Promise<void> {
  await page.getByRole('radio', { name: registration }).check();
  await page.getByRole('button', { name: 'Save registration' }).click();
  await expect(page.getByRole('button', { name: 'Save registration' })).toBeDisabled();
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible();
}

test('users, registration and the audit', async ({ page, other, admin }) => {
  const user = newUser();
  const guest = newUser();

  await test.step('a user is created by a link and sets the password', async () => {
    await signIn(page, admin);
    await page.getByRole('link', { name: 'Admin' }).click();
    await page.getByRole('button', { name: 'Create user' }).click();
    const form = page.getByRole('dialog', { name: 'Create user' });
    await form.getByLabel('User name').fill(user.username);
    await form.getByLabel('E-mail').fill(`${user.username}@example.org`);
    await form.getByRole('button', { name: 'Create user' }).click();
    await other.goto(await link(page));
    await other.getByLabel('New password', { exact: true }).fill(user.password);
    await other.getByRole('button', { name: 'Set password' }).click();
    await expect(other.getByText('The password is set')).toBeVisible();
    await signIn(other, user);
    await expect(other.getByText(/updated/)).toBeVisible();
    await expect(other.getByRole('link', { name: 'Admin' })).toHaveCount(0);
  });

  await test.step('disabling ends his session and keeps him out', async () => {
    await page.getByLabel('Find a user').fill(user.username);
    await expect(users(page)).toHaveCount(1);
    await page.getByRole('button', { name: `Manage ${user.username}` }).click();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await expect(page.getByRole('dialog')).toContainText('can no longer sign in');
    await page.getByRole('button', { name: `Disable ${user.username}` }).click();
    await expect(users(page).getByText('Disabled')).toBeVisible();
    await expect(other).toHaveURL(/\/login/, { timeout: 30_000 });
    await givePassword(other, user);
    await expect(other.getByRole('alert').filter({ hasText: /\./ })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  await test.step('registration is closed, then by invite, then open', async () => {
    await page.getByRole('link', { name: 'Registration' }).click();
    await choose(page, 'Closed');
    await other.goto('/login');
    await expect(other.getByText('Registration is closed here.')).toBeVisible();
    await expect(other.getByRole('tab', { name: 'Register' })).toHaveCount(0);

    await choose(page, 'By invite');
    await page.getByRole('button', { name: 'Make invite' }).click();
    const form = page.getByRole('dialog', { name: 'Make invite' });
    await form.getByLabel('Role').selectOption('viewer');
    await form.getByLabel('For whom').fill('an auditor');
    await form.getByRole('button', { name: 'Make invite' }).click();
    await other.goto(await link(page));
    await expect(other.getByText('You are invited.')).toBeVisible();
    await other.getByLabel('User name', { exact: true }).fill(guest.username);
    await other.getByLabel('E-mail', { exact: true }).fill(`${guest.username}@example.org`);
    await other.getByLabel('New password', { exact: true }).fill(guest.password);
    await other.getByRole('button', { name: 'Register' }).click();
    await expect(other.getByRole('heading', { name: 'Home' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('region', { name: 'Invites' }).getByText(`Used by ${guest.username}`)).toBeVisible();
    await choose(page, 'Open');
  });

  await test.step('a viewer sees why nothing can be changed', async () => {
    await expect(other.getByText(/^You are a viewer/)).toBeVisible();
    await expect(other.getByRole('button', { name: 'Add symbol' })).toBeDisabled();
    await expect(other.getByRole('switch', { name: 'Automation' })).toBeDisabled();
    await other.getByRole('link', { name: 'Strategy' }).click();
    await expect(other.getByRole('switch', { name: 'MACD' })).toBeDisabled();
    await other.getByRole('link', { name: 'Accounts' }).click();
    await expect(other.getByRole('button', { name: 'Add account' })).toBeDisabled();
  });

  await test.step('the audit shows it all, whole, and can be taken out', async () => {
    await page.getByRole('link', { name: 'Audit' }).click();
    await expect(page.getByText(/^✓ The chain of \d+ entries is whole\./)).toBeVisible();
    await page.getByLabel('Act', { exact: true }).fill('user_disabled');
    const entries = page.getByRole('region', { name: 'Audit' }).locator('tbody tr');
    await expect(entries).toHaveCount(1);
    await expect(entries).toContainText(admin.username);
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    expect((await saving).suggestedFilename()).toBe('audit.csv');
    await page.getByLabel('Act', { exact: true }).fill('no_such_act');
    await expect(page.getByText('Nothing like that is recorded.')).toBeVisible();
  });

  await test.step('the checks say what to mend', async () => {
    await page.goto('/admin/checks');
    await expect(page.getByText('administrator without a second factor')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText(/^To mend: \d+ critical, \d+ warnings?\.$/)).toBeVisible();
    await expect(page.locator('code', { hasText: 'alpaca-trader backup create' }).first()).toBeVisible();
  });
});

test('a room for administrators is no room for others', async ({ page }) => {
  const user = newUser();
  await page.goto('/login');
  await page.request.post('/api/auth/register', {
    data: { ...user, email: `${user.username}@example.org` },
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  await signIn(page, user);
  await page.goto('/admin/audit');
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});
