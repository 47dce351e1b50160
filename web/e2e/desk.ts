// What every story starts with: a server, a page that tells on itself, a user of one's own.
import { test as base, expect, type CDPSession, type Page } from '@playwright/test';
import { startServer, type Server } from './server';

export interface User {
  username: string;
  password: string;
}

interface Fixtures {
  /** Violations of the content security policy and errors of the page; must stay empty. */
  complaints: string[];
  /** Another browser, with a session of its own. */
  other: Page;
}
interface WorkerFixtures {
  server: Server;
  /** The server's first user. */
  admin: User;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  admin: [
    async ({ server }, use) => {
      const admin = newUser();
      const answer = await fetch(`${server.url}/api/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...admin, email: `${admin.username}@example.org` }),
      });
      if (answer.status !== 201) throw new Error(`the first user was not registered: ${answer.status} ${await answer.text()}`);
      await use(admin);
    },
    { scope: 'worker', auto: true },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      await listen(page, complaints);
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
  other: async ({ browser, baseURL, complaints }, use) => {
    const context = await browser.newContext(baseURL ? { baseURL } : {});
    const page = await context.newPage();
    await listen(page, complaints);
    await use(page);
    await context.close();
  },
});

async function listen(page: Page, complaints: string[]): Promise<void> {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/refused to|content security policy|csp violation/i.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
}

export { expect };

let made = 0;
/** A name that no other test uses, on any server. */
export const newUser = (): User => ({
  username: `reader${Date.now().toString(36)}${made++}`,
  password: 'a calm desk, not a casino',
});

export async function register(page: Page, user: User): Promise<void> {
  await page.goto('/login');
  await page.getByRole('tab', { name: 'Register' }).click();
  await page.getByLabel('User name', { exact: true }).fill(user.username);
  await page.getByLabel('E-mail', { exact: true }).fill(`${user.username}@example.org`);
  await page.getByLabel('New password', { exact: true }).fill(user.password);
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
}

/** Gives the name and the password; a second step may follow. */
export async function givePassword(page: Page, user: User): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('User name or e-mail').fill(user.username);
  await page.getByLabel('Password', { exact: true }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signIn(page: Page, user: User): Promise<void> {
  await givePassword(page, user);
  await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login/);
}

/** The rooms with what shows that they have their content. */
export const rooms = [
  { path: '/', name: 'Home', ready: 'Signals' },
  { path: '/strategy', name: 'Strategy', ready: 'Bollinger bands' },
  { path: '/activity', name: 'Activity', ready: 'Activity' },
  { path: '/accounts', name: 'Accounts', ready: 'Accounts' },
  { path: '/security', name: 'Security', ready: 'API tokens' },
  { path: '/admin', name: 'Users', ready: 'Users' },
  { path: '/admin/trading', name: 'Installation', ready: 'Limits for every account' },
  { path: '/admin/registration', name: 'Registration', ready: 'Invites' },
  { path: '/admin/limits', name: 'Rate limits', ready: 'Rate limits' },
  { path: '/admin/audit', name: 'Audit', ready: 'Audit' },
];

export async function enter(page: Page, room: { path: string; ready: string }): Promise<void> {
  await page.goto(room.path);
  await expect(page.getByRole('heading', { name: room.ready, exact: true })).toBeVisible();
  await expect(page.getByLabel('Active account')).toBeVisible();
}

/** A device that holds passkeys and says yes to everything. */
export async function virtualAuthenticator(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return session;
}
