// What holds on every page: size, keyboard, hostile text, accessibility, a lost line.
import AxeBuilder from '@axe-core/playwright';
import type { Cookie } from '@playwright/test';
import { startLine } from './line';
import { enter, expect, rooms, signIn, signOut, test } from './desk';

// One user and one session for all of it: sign-ins are limited, as they should be.
let cookies: Cookie[] = [];

test.beforeEach(async ({ page, context, admin }) => {
  if (cookies.length === 0) await signIn(page, admin);
  else {
    await context.addCookies(cookies);
    await page.goto('/');
  }
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
  cookies = await context.cookies();
});

for (const width of [375, 1440]) {
  test(`nothing is wider than ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 812 });
    for (const room of rooms) {
      await enter(page, room);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(over, room.name).toBe(0);
    }
    await page.context().clearCookies();
    await page.goto('/login');
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), 'sign in').toBeLessThanOrEqual(width);
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const judge = async (name: string, part = 'html') => {
      const axe = new AxeBuilder({ page }).include(part).options({ resultTypes: ['violations'] });
      if (colorScheme === 'dark') axe.withRules(['color-contrast']); // all else is the same in light
      const { violations } = await axe.analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
      expect(found, name).toEqual([]);
    };
    for (const room of rooms) {
      await enter(page, room);
      await judge(room.name);
    }
    const dialogs = [
      ['/', 'Halt'],
      ['/accounts', 'Add account'],
      ['/security', 'Set up authenticator app'],
      ['/security', 'Create token'],
      ['/security', 'Change password'],
      ['/admin', 'Create user'],
    ] as const;
    for (const [path, name] of dialogs) {
      await page.goto(path);
      await page.getByRole('button', { name, exact: true }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await judge(name, 'dialog');
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
    await page.context().clearCookies();
    await page.goto('/login');
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await judge('Sign in');
    await page.getByRole('tab', { name: 'Register' }).click();
    await page.getByLabel('New password', { exact: true }).fill('password12');
    await expect(page.getByText('It is a common password.')).toBeVisible();
    await judge('Register');
    await page.goto('/set-password#some-code');
    await expect(page.getByRole('button', { name: 'Set password' })).toBeVisible();
    await judge('Set password');
  });
}

test('sign-in works with the keyboard alone, and an error keeps what was typed', async ({ page, context, admin }) => {
  await signOut(page);
  const name = page.getByLabel('User name or e-mail');
  while (!(await name.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
  await page.keyboard.type(admin.username);
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: /\./ })).toBeVisible();
  await expect(name).toHaveValue(admin.username);
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('not the password');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(admin.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
  cookies = await context.cookies();
});

test('"?" lists the keys, Escape closes and gives the focus back', async ({ page }) => {
  const switcher = page.getByRole('link', { name: 'Strategy' });
  await switcher.focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(switcher).toBeFocused();
});

test('an account’s name is text, whatever it says', async ({ page }) => {
  const hostile = `<img src=x onerror="alert('${Date.now()}')">`;
  await enter(page, rooms[3]!);
  await page.getByRole('button', { name: 'Add account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(hostile);
  await dialog.getByLabel('API key', { exact: true }).fill('PKNOTAREALKEY0000000');
  await dialog.getByLabel('Secret key', { exact: true }).fill('not-a-real-secret');
  await dialog.getByRole('button', { name: 'Add account' }).click();
  await expect(dialog).toHaveCount(0, { timeout: 60_000 });

  const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: hostile }) });
  await expect(card).toBeVisible();
  await expect(card.getByText('PKNOTARE', { exact: false })).toBeVisible();
  await expect(page.getByText('not-a-real-secret')).toHaveCount(0);
  expect(await page.locator('img').count()).toBe(0);

  await card.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog')).toContainText(hostile);
  await page.getByRole('dialog').getByRole('button', { name: /^Delete/ }).click();
  await expect(card).toHaveCount(0);
});

test('a lost line is said, numbers are muted, and it comes back by itself', async ({ page, server }) => {
  const line = await startLine(server.url);
  await page.goto(line.url);
  await expect(page.getByText(/updated/)).toBeVisible();
  await line.cut();
  await expect(page.getByText(/No connection · numbers from/)).toBeVisible();
  const color = (of: string) => page.locator(of).first().evaluate((element) => getComputedStyle(element).color);
  expect(await color('dl .number')).toBe(await color('dl dt'));
  await line.mend();
  await expect(page.getByText(/updated/)).toBeVisible({ timeout: 45_000 });
  expect(await color('dl .number')).not.toBe(await color('dl dt'));
  await line.cut();
});
