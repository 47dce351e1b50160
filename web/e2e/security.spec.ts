// How one's sign-in is secured, in one browser and a second one.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, givePassword, newUser, register, signOut, test, virtualAuthenticator } from './desk';
import { totp } from './totp';

const inRoom = (page: Page) => expect(page.getByRole('heading', { name: 'API tokens' })).toBeVisible();
const isIn = (page: Page) => expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
const row = (page: Page, part: string, text: string) => page.getByRole('region', { name: part }).locator('tbody tr').filter({ hasText: text });

test('two-factor sign-in, sessions, step-up and tokens', async ({ page, other, baseURL }) => {
  const user = newUser();
  let secret = '';
  let codes: string[] = [];
  const takeCode = () => codes.shift()!;

  await test.step('set up the authenticator app', async () => {
    await register(page, user);
    await page.getByRole('link', { name: 'Security' }).click();
    await page.getByRole('button', { name: 'Set up authenticator app' }).click();
    const picture = page.getByRole('img', { name: /^QR code/ });
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
    await page.getByRole('button', { name: 'Show the key' }).click();
    secret = (await page.getByLabel('Key', { exact: true }).textContent())!;
    await page.getByLabel(/The code that the app shows/).fill(await totp(secret, 1));
    await page.getByRole('button', { name: 'Turn on' }).click();
    const shown = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    await expect(shown).toHaveCount(10);
    codes = await shown.allTextContents();
  });

  await test.step('the recovery codes are copied, saved and printed, whole and alone', async () => {
    const shown = page.getByRole('dialog', { name: 'Your recovery codes' });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await shown.getByRole('button', { name: 'Copy' }).click();
    await expect(shown.getByText('Copied.')).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(codes.join('\n'));

    const saving = page.waitForEvent('download');
    await shown.getByRole('button', { name: 'Download' }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toMatch(/recovery-codes\.txt$/);
    expect((await readFile(await saved.path(), 'utf8')).split('\n')).toEqual(expect.arrayContaining(codes));

    await page.evaluate(() => Object.assign(window, { printed: 0, print: () => Object.assign(window, { printed: 1 }) }));
    await shown.getByRole('button', { name: 'Print' }).click();
    expect(await page.evaluate(() => (window as unknown as { printed: number }).printed)).toBe(1);
    await page.emulateMedia({ media: 'print' });
    for (const code of codes) await expect(shown.getByText(code)).toBeVisible();
    await expect(page.getByRole('button').filter({ visible: true })).toHaveCount(0);
    await expect(page.getByText('Where you are signed in').filter({ visible: true })).toHaveCount(0);
    await page.emulateMedia({ media: 'screen' });

    await page.keyboard.press('Escape');
    await expect(shown).toBeVisible(); // what is shown once is not lost by a key
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    await expect(page.getByText('10 recovery codes left')).toBeVisible();
  });

  await test.step('sign in with a code', async () => {
    await signOut(page);
    await givePassword(page, user);
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('alert').getByText(/wrong or was used/)).toBeVisible();
    await page.getByLabel('Code', { exact: true }).fill(await totp(secret, 0));
    await page.getByRole('button', { name: 'Continue' }).click();
    await isIn(page);
  });

  await test.step('sign in elsewhere with a recovery code', async () => {
    await givePassword(other, user);
    await other.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.getByLabel('Recovery code').fill(takeCode());
    await other.getByRole('button', { name: 'Continue' }).click();
    await isIn(other);
    await expect(other.getByText(/updated/)).toBeVisible();
  });

  await test.step('ending that session closes its live page', async () => {
    await page.goto('/security');
    await inRoom(page);
    await expect(page.getByText('9 recovery codes left')).toBeVisible();
    const sessions = page.getByRole('region', { name: 'Sessions' }).locator('tbody tr');
    await expect(sessions).toHaveCount(2);
    await expect(sessions.first()).toContainText('This one');
    await page.getByRole('button', { name: /^End the session of/ }).click();
    await page.getByRole('button', { name: 'End session' }).click();
    await expect(page.getByText(/is signed out\.$/)).toBeVisible();
    await expect(other.getByText(/updated/)).toBeHidden({ timeout: 30_000 });
    await expect(other).toHaveURL(/\/login/);
    await expect(sessions).toHaveCount(1);
  });

  await test.step('a dangerous act asks who sits there, Escape cancels it, a factor does it', async () => {
    let stale = 2; // so many times the last factor is too old
    await page.route('**/api/tokens', async (route) => {
      if (route.request().method() !== 'POST' || stale-- <= 0) return route.fallback();
      await route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        json: { status: 403, error: 'Confirm that it is you first.', code: 'step_up_required' },
      });
    });
    await page.getByRole('button', { name: 'Create token' }).click();
    const form = page.getByRole('dialog', { name: 'Create token' });
    const question = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await form.getByLabel('Name').fill('nightly report');
    await form.getByRole('button', { name: 'Create token' }).click();
    await expect(question).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(question).toHaveCount(0);
    await expect(form.getByRole('alert')).toContainText('Nothing was done');

    await form.getByRole('button', { name: 'Create token' }).click();
    await question.getByLabel('Code').fill('000000');
    await question.getByRole('button', { name: 'Confirm' }).click();
    await expect(question.getByRole('alert')).toContainText('wrong');
    await question.getByLabel('Code').fill(takeCode());
    await question.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('dialog', { name: 'The token nightly report' })).toBeVisible();
  });

  await test.step('the token reads until it is revoked', async () => {
    const token = (await page.getByRole('list', { name: 'API token' }).textContent())!.trim();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    const read = async () => (await fetch(`${baseURL}/api/watchlist`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await read()).toBe(200);
    await expect(row(page, 'API tokens', 'nightly report')).toContainText('Read');
    await page.getByRole('button', { name: 'Revoke nightly report' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await expect(page.getByText('Your tokens will be here')).toBeVisible();
    expect(await read()).toBe(401);
  });
});

test('a passkey signs in, is renamed and deleted', async ({ page }) => {
  const user = newUser();
  await virtualAuthenticator(page);
  await register(page, user);
  await page.getByRole('link', { name: 'Security' }).click();
  const passkeys = page.getByRole('region', { name: 'Passkeys' });

  await page.getByRole('button', { name: 'Add passkey' }).click();
  const form = page.getByRole('dialog', { name: 'Add passkey' });
  await form.getByLabel('Name').fill('This laptop');
  await form.getByRole('button', { name: 'Add passkey' }).click();
  await expect(passkeys.getByText('This laptop')).toBeVisible();

  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await isIn(page);

  await signOut(page);
  await givePassword(page, user);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await isIn(page);

  await page.getByRole('link', { name: 'Security' }).click();
  await page.getByRole('button', { name: 'Rename This laptop' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Old laptop');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('button', { name: 'Delete Old laptop' }).click();
  await page.getByRole('button', { name: 'Delete passkey' }).click();
  await expect(passkeys.getByText('Your passkeys will be here.')).toBeVisible();
});

test('the password is changed, and its strength told', async ({ page }) => {
  const user = newUser();
  await register(page, user);
  await page.getByRole('link', { name: 'Security' }).click();
  await page.getByRole('button', { name: 'Change password' }).click();
  const form = page.getByRole('dialog', { name: 'Change password' });
  await form.getByLabel('New password', { exact: true }).fill('password12');
  await expect(form.getByText('It is a common password.')).toBeVisible();
  const wanted = 'seven quiet harbours in the rain';
  await form.getByLabel('New password', { exact: true }).fill(wanted);
  await expect(form.getByText('Strong.')).toBeVisible();
  await form.getByLabel('Current password', { exact: true }).fill('not this one');
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(form.getByRole('alert')).toContainText(/wrong/);
  await form.getByLabel('Current password', { exact: true }).fill(user.password);
  await form.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('The password is changed.')).toBeVisible();
  await signOut(page);
  await givePassword(page, { ...user, password: wanted });
  await isIn(page);
});
