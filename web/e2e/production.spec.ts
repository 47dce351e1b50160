// Servers with settings of their own: the first registration in production, a second factor that is demanded.
import { randomBytes } from 'node:crypto';
import { expect, newUser, test } from './desk';
import { startBinary } from './server';
import { totp } from './totp';

const key = () => randomBytes(32).toString('hex');

test('the first user of a production server gives the setup code', async ({ page }) => {
  const server = await startBinary({ APP_ENV: 'production', SECRET_KEY: key(), ENCRYPTION_KEY: key() });
  try {
    const code = /setup_code=(\S+)/.exec(server.log())?.[1];
    expect(code, 'the log names the code').toMatch(/^[A-Z2-7]{5}(-[A-Z2-7]{5}){5}$/);
    const user = newUser();
    await page.goto(`${server.url}/login`);
    await expect(page.getByText('The first user becomes the administrator.')).toBeVisible();
    await page.getByLabel('User name', { exact: true }).fill(user.username);
    await page.getByLabel('E-mail', { exact: true }).fill(`${user.username}@example.org`);
    await page.getByLabel('New password', { exact: true }).fill(user.password);
    const register = page.getByRole('button', { name: 'Register' });
    const said = page.getByRole('alert').filter({ hasText: /\./ });

    await register.click();
    await expect(said).toHaveText('The setup code is missing.');
    await page.getByLabel('Setup code').fill('AAAAA-BBBBB-CCCCC-DDDDD');
    await register.click();
    await expect(said).toContainText('setup code');
    await expect(page.getByLabel('User name', { exact: true })).toHaveValue(user.username);

    await page.getByLabel('Setup code').fill(code!.toLowerCase().replaceAll('-', ' '));
    await register.click();
    await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Admin' })).toBeVisible();

    const visitor = await page.context().browser()!.newContext();
    const other = await visitor.newPage();
    await other.goto(`${server.url}/register`);
    await expect(other.getByRole('heading', { name: 'alpaca-trader' })).toBeVisible();
    await expect(other.getByLabel('Setup code')).toHaveCount(0);
    await visitor.close();
  } finally {
    await server.stop();
  }
});

test('where a second factor is demanded, nothing opens before it is set up', async ({ page }) => {
  const server = await startBinary({ REQUIRE_2FA: 'all' });
  try {
    const user = newUser();
    await page.goto(`${server.url}/login`);
    await page.getByRole('tab', { name: 'Register' }).click();
    await page.getByLabel('User name', { exact: true }).fill(user.username);
    await page.getByLabel('E-mail', { exact: true }).fill(`${user.username}@example.org`);
    await page.getByLabel('New password', { exact: true }).fill(user.password);
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText('This installation demands a second factor.')).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'Rooms' }).getByRole('link')).toHaveText(['Security']);
    await page.goto(`${server.url}/accounts`);
    await expect(page).toHaveURL(/\/security$/);

    await page.getByRole('button', { name: 'Set up authenticator app' }).click();
    await page.getByRole('button', { name: 'Show the key' }).click();
    const secret = (await page.getByLabel('Key', { exact: true }).textContent())!;
    await page.getByLabel(/The code that the app shows/).fill(await totp(secret, 0));
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await expect(page.getByText('This installation demands a second factor.')).toHaveCount(0);
    await page.getByRole('link', { name: 'Home' }).click();
    await expect(page.getByLabel('Active account')).toBeVisible();
  } finally {
    await server.stop();
  }
});
