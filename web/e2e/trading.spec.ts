// Stopping, resuming and closing everything; live accounts; why it traded; what single accounts do differently; differences.
import type { Page } from '@playwright/test';
import { expect, newUser, register, signIn, test } from './desk';

const aMoment = 60_000;
const banner = (page: Page, text: string | RegExp) => page.getByRole('main').getByRole('status').filter({ hasText: text });
const open = (page: Page, room: string) => page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: room }).click();

/** The next so many times the server says that the last factor is too old. */
async function staleFactor(page: Page, path: string, times: number): Promise<void> {
  await page.route(path, async (route) => {
    if (route.request().method() === 'GET' || times-- <= 0) return route.fallback();
    await route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      json: { status: 403, error: 'Confirm that it is you first.', code: 'step_up_required' },
    });
  });
}

test('halt, resume with a factor, exits only, close everything', async ({ page }) => {
  const user = newUser();
  const positions = page.getByRole('region', { name: 'Positions' }).locator('tbody tr');
  const halt = page.getByRole('banner').getByRole('button', { name: 'Halt', exact: true });
  const dialog = page.getByRole('dialog');
  await register(page, user);
  await expect(page.getByText(/updated/)).toBeVisible();

  await test.step('halting says what stays, and shows on every page', async () => {
    await expect(positions.first()).toBeVisible({ timeout: aMoment });
    await halt.click();
    await expect(dialog.getByText(/\d positions? worth \$[\d,.]+ and (no|\d+) open orders? stay/)).toBeVisible();
    await dialog.getByLabel('Reason').fill('Earnings today.');
    await dialog.getByRole('button', { name: 'Halt trading' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(banner(page, 'Halted in Demo.')).toContainText('Earnings today.');
    await expect(page.getByRole('banner').getByRole('button', { name: 'Halted: Earnings today.' })).toBeVisible();
    await page.reload();
    await expect(banner(page, 'Halted in Demo.')).toContainText(`by ${user.username}`);
  });

  await test.step('a phone resumes under the thumb, once it is known who does', async () => {
    await page.setViewportSize({ width: 375, height: 740 });
    const bar = page.getByRole('navigation', { name: 'Rooms' });
    await bar.getByRole('button', { name: 'More' }).click();
    await bar.getByRole('link', { name: 'Accounts' }).click();
    await expect(page.getByRole('heading', { name: 'Accounts' })).toBeVisible();
    await expect(bar.getByRole('link', { name: 'Security' })).toBeHidden();
    await staleFactor(page, '**/api/trading/resume', 1);
    await bar.getByRole('button', { name: 'Resume' }).click();
    await dialog.getByRole('button', { name: 'Resume trading' }).click();
    const question = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await question.getByLabel('Your password').fill(user.password);
    await question.getByRole('button', { name: 'Confirm' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(banner(page, 'Halted in Demo.')).toHaveCount(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step('exits only, with the keyboard', async () => {
    await halt.focus();
    await page.keyboard.press('Enter');
    await expect(dialog).toBeVisible();
    await dialog.getByRole('radio', { name: /^Exits only/ }).check();
    await dialog.getByRole('button', { name: 'Allow exits only' }).focus();
    await page.keyboard.press('Enter');
    await expect(banner(page, 'Exits only in Demo.')).toBeVisible();
    await expect(page.getByRole('banner').getByText('Exits only')).toBeVisible();
  });

  await test.step('closing everything sells what is held and halts', async () => {
    await open(page, 'Home');
    await expect(page.getByRole('region', { name: 'Positions' })).not.toContainText('Waiting');
    const held = (await positions.locator('td:first-child').allTextContents()).map((text) => text.trim());
    await page.getByRole('banner').getByRole('button', { name: 'Resume', exact: true }).click();
    await dialog.getByRole('radio', { name: /^Close everything/ }).check();
    if (held.length > 0) await expect(dialog.getByText(/\d positions? worth \$[\d,.]+ (is|are|closed)/).first()).toBeVisible();
    await dialog.getByRole('button', { name: 'Close everything and halt' }).click();
    await expect(dialog).toHaveCount(0, { timeout: aMoment });
    await expect(banner(page, 'Halted in Demo.')).toBeVisible();
    const orders = page.getByRole('region', { name: 'Orders' }).locator('tbody');
    for (const symbol of held) await expect(orders.getByText(new RegExp(`Sell\\s*${symbol}`)).or(orders.locator('tr').filter({ hasText: 'Sell' }).filter({ hasText: symbol })).first()).toBeVisible({ timeout: aMoment });
  });
});

test('an administrator halts everybody', async ({ page, other, admin }) => {
  await register(other, newUser());
  await expect(other.getByText(/updated/)).toBeVisible();
  await signIn(page, admin);
  await page.goto('/admin/trading');
  await page.getByRole('button', { name: 'Halt everybody' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('The data provider is down.');
  await page.getByRole('dialog').getByRole('button', { name: 'Halt everybody' }).click();
  await expect(banner(other, 'Halted in the whole installation.')).toContainText('The data provider is down.', { timeout: aMoment });
  await expect(other.getByRole('link', { name: 'To the installation' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Resume everybody' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume everybody' }).click();
  await expect(banner(other, 'Halted')).toHaveCount(0, { timeout: aMoment });

  await test.step('and closes every position of everybody, once the words are typed and it is known who does', async () => {
    const dialog = page.getByRole('dialog', { name: 'Close every position of everybody?' });
    await page.getByRole('button', { name: 'Close everybody’s positions …' }).click();
    await dialog.getByRole('button', { name: 'How many are there?' }).click();
    await expect(dialog.getByText(/^(No position|\d+ positions?) in \d+ accounts?\.$/)).toBeVisible({ timeout: aMoment });
    await dialog.getByRole('button', { name: 'Close everything and halt' }).click();
    await expect(dialog.getByRole('alert')).toContainText('Type “close everything”');
    await expect(banner(other, 'Halted')).toHaveCount(0);
    await dialog.getByLabel('Type “close everything”').fill('close everything');
    await dialog.getByLabel('Reason').fill('Fire drill.');
    await staleFactor(page, '**/api/admin/trading/flatten', 1);
    await dialog.getByRole('button', { name: 'Close everything and halt' }).click();
    const question = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await question.getByLabel('Your password').fill(admin.password);
    await question.getByRole('button', { name: 'Confirm' }).click();
    await expect(dialog).toHaveCount(0, { timeout: aMoment });
    await expect(page.getByText(/^Everybody is halted\./)).toBeVisible();
    await expect(banner(other, 'Halted in the whole installation.')).toContainText('Fire drill.', { timeout: aMoment });
    await page.getByRole('button', { name: 'Resume everybody' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume everybody' }).click();
    await expect(banner(other, 'Halted')).toHaveCount(0, { timeout: aMoment });
  });

  await page.getByLabel('One symbol (%)').fill('25');
  await page.getByRole('button', { name: 'Save limits' }).click();
  await expect(page.getByText('The limits hold for every account from now on.')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('One symbol (%)')).toHaveValue('25');
  await page.getByLabel('One symbol (%)').fill('');
  await page.getByRole('button', { name: 'Save limits' }).click();
  await expect(page.getByRole('button', { name: 'Save limits' })).toBeDisabled();
});

test('a live account is armed by its name, with the limits in sight', async ({ page }) => {
  await register(page, newUser());
  await open(page, 'Accounts');
  await page.getByRole('button', { name: 'Add account' }).click();
  const form = page.getByRole('dialog', { name: 'Add account' });
  await form.getByLabel('Name').fill('Retirement');
  await form.getByRole('radio', { name: /^Live/ }).check();
  await form.getByLabel('API key', { exact: true }).fill('AKNOTAREALKEY0000000');
  await form.getByLabel('Secret key', { exact: true }).fill('not-a-real-secret');
  await form.getByRole('button', { name: 'Add account' }).click();
  await expect(form).toHaveCount(0, { timeout: aMoment });

  const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Retirement' }) });
  await expect(card.getByText('Not armed')).toBeVisible();
  await expect(card.getByRole('switch', { name: 'Automation of Retirement' })).toBeDisabled();
  await card.getByRole('button', { name: 'Arm', exact: true }).click();
  const arming = page.getByRole('dialog', { name: 'Arm Retirement?' });
  await expect(arming.getByText(/^Each entry is 10% of equity/)).toBeVisible();
  await arming.getByLabel('The account’s name').fill('Retirement fund');
  await arming.getByRole('button', { name: 'Arm Retirement' }).click();
  await expect(arming.getByRole('alert')).toContainText('Type Retirement');
  await arming.getByLabel('The account’s name').fill('Retirement');
  await staleFactor(page, '**/api/accounts/*/arm', 1);
  await arming.getByRole('button', { name: 'Arm Retirement' }).click();
  const question = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await expect(question).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(arming.getByRole('alert')).toContainText('Nothing was done');
  await arming.getByRole('button', { name: 'Arm Retirement' }).click();
  await expect(card.getByText('Armed', { exact: true })).toBeVisible();
  await expect(card.getByRole('switch', { name: 'Automation of Retirement' })).toBeEnabled();

  await card.getByRole('button', { name: 'Make active' }).click();
  await expect(page.getByRole('banner').getByText('Live', { exact: true })).toBeVisible();
  await expect(page.locator('.frame.real')).toBeVisible();
  await card.getByRole('button', { name: 'Disarm' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disarm Retirement' }).click();
  await expect(card.getByText('Not armed')).toBeVisible();
});

test('why it did, or did not, trade', async ({ page }) => {
  await register(page, newUser());
  await open(page, 'Activity');
  const why = page.getByRole('button', { name: /^Why [A-Z]+$/ }).first();
  await expect(why).toBeVisible({ timeout: 2 * aMoment });
  const symbol = (await why.textContent())!.replace('Why', '').trim();
  const asking = page.getByRole('region', { name: 'Why did it, or did it not, trade?' });
  await asking.getByLabel('Symbol').fill('not one');
  await asking.getByRole('button', { name: 'Explain' }).click();
  await expect(asking.getByRole('alert')).toContainText('A symbol has');
  await asking.getByLabel('Symbol').fill(symbol.toLowerCase());
  await asking.getByRole('button', { name: 'Explain' }).click();
  await expect(asking.getByText(new RegExp(`^[A-Z][a-z]+ .*${symbol}`)).first()).toBeVisible();
  await expect(asking.getByText(/^Cycle of/)).toContainText('judged on the closed bar of');
  await expect(asking.locator('strong').getByText('RSI')).toBeVisible();
  await asking.getByLabel(/^Up to/).fill('2001-01-01T10:00');
  await asking.getByRole('button', { name: 'Explain' }).click();
  await expect(asking.getByText(/^Cycle of/)).toHaveCount(0);
  await expect(asking.getByText(/\.$/).first()).toBeVisible();
});

test('an account has settings and symbols of its own, until they are given back', async ({ page }) => {
  await register(page, newUser());
  await open(page, 'Strategy');
  const size = page.getByLabel('Position size (% of equity)');
  const whose = page.getByLabel('Settings of');
  const mine = await size.inputValue();

  await test.step('settings', async () => {
    await whose.selectOption('Demo');
    await expect(page.getByText('Demo follows your settings.')).toBeVisible();
    await size.fill('7');
    await page.getByLabel('Stop loss (%)').fill('4');
    await page.getByLabel('Trailing stop (%)').fill('5');
    await expect(page.getByText('only one order can hold the shares')).toBeVisible();
    await page.getByLabel('Trailing stop (%)').fill('');
    await page.getByLabel('Stop losses', { exact: true }).fill('3');
    await page.getByLabel('Stop losses: within (minutes)').fill('600');
    await page.getByLabel('Stop losses: pause (minutes)').fill('60');
    await page.getByRole('button', { name: 'Save for Demo' }).click();
    await expect(page.getByText(/^Demo differs from your settings/)).toBeVisible();
    await whose.selectOption({ label: 'All accounts: my settings' });
    await expect(page.getByRole('button', { name: 'Save strategy' })).toBeVisible();
    await expect(size).toHaveValue(mine);
    await page.reload();
    await whose.selectOption('Demo');
    await expect(size).toHaveValue('7');
    await expect(page.getByLabel('Stop losses: within (minutes)')).toHaveValue('600');
    await page.getByRole('button', { name: 'Reset to mine' }).click();
    await expect(page.getByRole('dialog')).toContainText('Position size');
    await page.getByRole('dialog').getByRole('button', { name: 'Reset to mine' }).click();
    await expect(page.getByText('Demo follows your settings.')).toBeVisible();
    await expect(size).toHaveValue(mine);
  });

  await test.step('symbols', async () => {
    const symbols = page.getByRole('region', { name: 'Symbols of Demo' });
    await symbols.getByLabel('Symbols').fill('aapl, msft');
    await symbols.getByRole('button', { name: 'Save symbols' }).click();
    await expect(symbols.getByText('Own symbols')).toBeVisible();
    await expect(symbols.getByLabel('Symbols')).toHaveValue('AAPL MSFT');
    await symbols.getByRole('button', { name: 'Back to my watchlist' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Back to my watchlist' }).click();
    await expect(symbols.getByText('Own symbols')).toHaveCount(0);
  });

  await test.step('when it would run is shown before it is saved', async () => {
    await whose.selectOption({ label: 'All accounts: my settings' });
    const schedule = page.getByRole('group', { name: 'Schedule' });
    await expect(schedule.locator('time')).toHaveCount(3);
    await schedule.getByLabel('Runs').selectOption('cron');
    await schedule.getByLabel('Cron expression').fill('30 15 * * 1-5');
    await expect(schedule.locator('time').first()).toHaveAttribute('title', /15:30:00 New York$/);
    await schedule.getByLabel('Cron expression').fill('99 99 * * *');
    await expect(schedule.getByText(/cannot be read/)).toBeVisible();
    await page.getByRole('button', { name: 'Undo changes' }).click();
  });
});

test('differences from the broker are shown, and taken over on purpose', async ({ page }) => {
  await register(page, newUser());
  await expect(page.getByRole('banner').getByRole('button', { name: 'Halt', exact: true })).toBeVisible();
  const state = await (await page.request.get('/api/trading')).json();
  const drift = [{ symbol: 'AAPL', expected: '33.5', broker: '30' }, { symbol: 'SPY', expected: '0', broker: '-4' }];
  const found = { checked_at: new Date().toISOString(), passed: false, in_a_row: 2, drift, sentence: 'the broker’s positions are not those of the journal.' };
  const agreed = { ...found, passed: true, in_a_row: 0, drift: [], sentence: '' };
  let now: typeof found | typeof agreed = found;
  const trading = () => {
    const account = { ...state.account, reconciliation: now };
    return { ...state, account, accounts: [account] };
  };
  await page.route('**/api/stream', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: `event: trading\ndata: ${JSON.stringify(trading())}\n\n` }));
  await page.route('**/api/trading', (route) => route.fulfill({ json: trading() }));
  const asked: boolean[] = [];
  await page.route('**/api/accounts/Demo/reconcile', async (route) => {
    const { adopt } = route.request().postDataJSON() as { adopt: boolean };
    asked.push(adopt);
    if (adopt) now = agreed;
    await route.fulfill({ json: now });
  });

  await page.goto('/accounts');
  await expect(page.getByText('2 symbols differ from the journal')).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'AAPL' });
  await expect(row).toContainText('33.5');
  await expect(row).toContainText('30');
  await page.getByRole('button', { name: 'Compare Demo now' }).click();
  await expect(page.getByText('Demo: the broker’s positions are not those of the journal.')).toBeVisible();
  await page.getByRole('button', { name: 'Take over the broker’s' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('SPY: -4 instead of 0');
  await dialog.getByRole('button', { name: 'Take over 2 quantities' }).click();
  await expect(page.getByText('Journal and broker agree')).toBeVisible();
  expect(asked).toEqual([false, true]);
});
