// A newcomer's first half hour, in one browser, against a server with the demonstration market.
import { expect, newUser, register, signIn, signOut, test } from './desk';

const aMoment = 60_000;

test('from registering to the first order', async ({ page }) => {
  test.setTimeout(300_000);
  const user = newUser();
  const money = /^-?\$[\d,]+\.\d\d$/;
  const signals = page.getByRole('region', { name: 'Signals' });
  const orders = page.getByRole('region', { name: 'Orders' }).locator('tbody tr');

  await test.step('register, sign out, sign in', async () => {
    await register(page, user);
    await signOut(page);
    await signIn(page, user);
  });

  await test.step('the demonstration account is there with its four figures', async () => {
    await expect(page.getByLabel('Active account').locator('option:checked')).toHaveText(/demo/i);
    await expect(page.getByRole('banner').locator('span').getByText('Demo', { exact: true })).toBeVisible();
    for (const name of ['Equity', 'Cash', 'Buying power', 'Portfolio value']) {
      const figure = page.locator('dl > div').filter({ has: page.getByText(name, { exact: true }) });
      await expect(figure.locator('.number').first()).toHaveText(money);
    }
    await expect(page.getByRole('banner').getByText(/(Open|Closed) ·/)).toBeVisible();
    await expect(page.getByText(/updated/)).toBeVisible();
  });

  await test.step('the equity chart follows the period and shows itself as a table', async () => {
    await page.getByRole('button', { name: '1W', exact: true }).click();
    await expect(page.getByRole('button', { name: '1W', exact: true })).toHaveAttribute('aria-pressed', 'true');
    await page.getByRole('button', { name: 'Show as table: Equity' }).click();
    await expect(page.getByRole('region', { name: 'Equity as a table' }).getByText(money).first()).toBeVisible();
    await page.getByRole('button', { name: 'Show as chart: Equity' }).click();
    await expect(page.getByRole('img', { name: 'Equity' }).locator('canvas').first()).toBeVisible();
  });

  await test.step('signals appear, each with its four votes', async () => {
    const row = signals.locator('tbody tr').first();
    await expect(row.getByText(/(Buy|Sell|Hold)$/)).toBeVisible({ timeout: aMoment });
    for (const name of ['RSI', 'SMA', 'MACD', 'Bollinger']) {
      await expect(row.getByRole('button', { name: new RegExp(`^${name}: `) })).toBeVisible();
    }
    await row.getByRole('button', { name: /^Why/ }).click();
    await expect(signals.getByText(/Judged on the closed bar of/)).toBeVisible();
  });

  await test.step('a price changes by itself', async () => {
    const prices = () => signals.locator('tbody tr.line td.b').allTextContents();
    const before = await prices();
    await expect.poll(prices, { timeout: aMoment }).not.toEqual(before);
  });

  await test.step('a symbol is added and removed', async () => {
    const symbol = 'AAPL';
    const remove = page.getByRole('button', { name: `Remove ${symbol}`, exact: true });
    const dialog = page.getByRole('dialog');
    const stopWatching = async () => {
      await remove.click();
      await expect(dialog.or(page.getByText(`${symbol} is no longer watched.`))).toBeVisible(); // a held one is asked about
      if (await dialog.isVisible()) await dialog.getByRole('button', { name: `Stop watching ${symbol}` }).click();
      await expect(remove).toHaveCount(0);
    };
    await expect(page.getByRole('region', { name: 'Positions' })).not.toContainText('Waiting');
    if (await remove.isVisible()) await stopWatching();
    await page.getByRole('heading', { name: 'Home' }).click();
    await page.keyboard.press('/');
    await expect(page.getByLabel('Add a symbol')).toBeFocused();
    await page.keyboard.type(symbol.toLowerCase());
    await page.keyboard.press('Enter');
    await expect(remove).toBeVisible();
    await stopWatching();
    await page.getByLabel('Add a symbol').fill('ZZZZZ');
    await page.getByRole('button', { name: 'Add symbol' }).click();
    await expect(page.locator('#add-symbol-problem')).toHaveText(/\.$/);
    await expect(page.getByLabel('Add a symbol')).toHaveValue('ZZZZZ');
  });

  await test.step('an indicator switch and the signal mode stay after a reload', async () => {
    await page.getByRole('link', { name: 'Strategy' }).click();
    await expect(page.getByRole('switch', { name: 'MACD' })).toBeChecked();
    await page.getByRole('switch', { name: 'MACD' }).click();
    await page.getByLabel('Signal mode').selectOption('any');
    await page.getByRole('button', { name: 'Save strategy' }).click();
    await expect(page.getByText('Everything is saved.')).toBeVisible();
    await page.reload();
    await expect(page.getByRole('switch', { name: 'MACD' })).not.toBeChecked();
    await expect(page.getByLabel('Signal mode')).toHaveValue('any');
  });

  await test.step('the automation is on, and an order appears', async () => {
    await page.getByRole('link', { name: 'Home' }).click();
    const automation = page.getByRole('switch', { name: 'Automation' });
    await expect(automation).toBeVisible();
    if (!(await automation.isChecked())) {
      await automation.click();
      const dialog = page.getByRole('dialog');
      await expect(dialog).toContainText('% of equity');
      await expect(dialog).toContainText('no real money');
      await dialog.getByRole('button', { name: 'Turn automation on' }).click();
    }
    await expect(automation).toBeChecked();
    await expect(orders.first()).toBeVisible();
    const before = await orders.count(); // a demonstration account has a past
    await expect.poll(() => orders.count(), { timeout: 2 * aMoment }).toBeGreaterThan(before);
  });

  await test.step('the journal says why', async () => {
    await page.getByRole('link', { name: 'Activity' }).click();
    await expect(page.getByText(/^(Bought|Sold|Skipped|Ordered|Buy|Sell)/).filter({ visible: true }).first()).toBeVisible({ timeout: aMoment });
  });

  await test.step('an order of a cycle shows its life', async () => {
    const cycle = page.locator('details').filter({ has: page.locator('summary', { hasText: /[1-9]\d* orders?,/ }) }).first();
    await expect(cycle).toBeVisible({ timeout: aMoment });
    if (!(await cycle.evaluate((details: HTMLDetailsElement) => details.open))) await cycle.locator('summary').click();
    await cycle.getByRole('button', { name: /^Why/ }).first().click();
    await expect(cycle.getByText(/^at1-[a-z2-7]{32}/).first()).toBeVisible();
  });

  await test.step('sign out ends the session', async () => {
    await signOut(page);
    await page.goto('/activity');
    await expect(page).toHaveURL(/\/login\?next=%2Factivity$/);
  });
});
