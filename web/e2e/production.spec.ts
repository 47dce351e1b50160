// The very first registration of a production server: only who reads its log becomes administrator.
import { randomBytes } from 'node:crypto';
import { expect, newUser, test } from './desk';
import { startBinary } from './server';

const key = () => randomBytes(32).toString('hex');

test('the first user of a production server gives the setup code', async ({ page }) => {
  const server = await startBinary({ APP_ENV: 'production', SECRET_KEY: key(), ENCRYPTION_KEY: key() });
  try {
    const code = /setup_code=(\S+)/.exec(server.log())?.[1];
    expect(code, 'the log names the code').toMatch(/^[A-Z2-7]{5}(-[A-Z2-7]{5}){3}$/);
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
