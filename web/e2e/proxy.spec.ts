// A browser's way through nginx with TLS, by deploy/nginx.conf, as docs/DEPLOYMENT.md sets it up.
import { chromium, expect, test } from '@playwright/test';
import { newUser, signOut, virtualAuthenticator } from './desk';
import { clientAddress, siteName, startNginx } from './nginx';
import { startBinary } from './server';

test('behind nginx with TLS', async ({ launchOptions }) => {
  const site = `https://${siteName}`;
  const server = await startBinary({ PUBLIC_URL: site, TRUSTED_PROXIES: '127.0.0.1/32, ::1' });
  const proxy = await startNginx(server.url).catch(async (error) => {
    await server.stop();
    throw error;
  });
  const browser = await chromium.launch({ ...launchOptions, args: [...(launchOptions.args ?? []), ...proxy.browserArguments] });
  try {
    const context = await browser.newContext({ baseURL: site, ignoreHTTPSErrors: true, extraHTTPHeaders: { 'X-Forwarded-For': '203.0.113.9' } });
    const page = await context.newPage();
    const user = newUser();

    await test.step('plain http leads to https, which asks to stay so', async () => {
      const answer = await page.goto(`http://${siteName}/login`);
      expect(page.url()).toBe(`${site}/login`);
      expect(answer!.headers()['strict-transport-security']).toMatch(/^max-age=\d{8,}/);
    });

    await test.step('the first user registers and is signed in by a Secure __Host- cookie', async () => {
      await page.getByLabel('User name', { exact: true }).fill(user.username);
      await page.getByLabel('E-mail', { exact: true }).fill(`${user.username}@example.org`);
      await page.getByLabel('New password', { exact: true }).fill(user.password);
      await page.getByRole('button', { name: 'Register' }).click();
      await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
      const cookies = await context.cookies(site);
      const session = cookies.find((cookie) => cookie.name === '__Host-sid');
      expect(session, 'a session').toMatchObject({ secure: true, httpOnly: true, path: '/' });
      expect(cookies.every((cookie) => cookie.secure)).toBe(true);
    });

    await test.step('the live stream comes at once', async () => {
      const first = await page.evaluate(async () => {
        const answer = await fetch('/api/stream');
        const reader = answer.body!.getReader();
        const { value, done } = await reader.read();
        await reader.cancel();
        return { type: answer.headers.get('content-type'), text: new TextDecoder().decode(value), done };
      });
      expect(first.type).toContain('text/event-stream');
      expect(first.done).toBe(false); // the answer goes on: nothing waited for its end
      expect(first.text.length).toBeGreaterThan(0);
      await expect(page.getByText(/updated/)).toBeVisible();
    });

    await test.step("the session's address is the client's, whatever it claims", async () => {
      const sessions = await page.evaluate(async () => (await fetch('/api/sessions')).text());
      expect(sessions).toContain(`"${clientAddress}"`);
      expect(sessions).not.toContain('203.0.113.9');
    });

    await test.step('a passkey belongs to the name', async () => {
      const authenticator = await virtualAuthenticator(page);
      await page.getByRole('link', { name: 'Security' }).click();
      await page.getByRole('button', { name: 'Add passkey' }).click();
      const form = page.getByRole('dialog', { name: 'Add passkey' });
      await form.getByLabel('Name').fill('This laptop');
      await form.getByRole('button', { name: 'Add passkey' }).click();
      await expect(page.getByRole('region', { name: 'Passkeys' }).getByText('This laptop')).toBeVisible();
      await signOut(page);
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      await authenticator.detach();
    });
  } finally {
    await browser.close();
    await proxy.stop();
    await server.stop();
  }
});
