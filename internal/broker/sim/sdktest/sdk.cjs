// Alpaca's official JavaScript SDK against the simulator at the address in the first argument, and
// with TLS at the one in the second. The SDK has no setting for the REST address, so its fetch is
// given one; its code is unchanged.
// Prints "ok" when everything was as it should be, else says what was not.
"use strict";
const assert = require("node:assert/strict");
const { Alpaca } = require("@alpacahq/alpaca-trade-api");

const address = process.argv[2];
const socket = address.replace(/^http/, "ws");
const secureSocket = process.argv[3].replace(/^http/, "ws");
const reroute = (url, init) => fetch(String(url).replace(/^https:\/\/[^/]+/, address), init);
const client = new Alpaca({ keyId: "javascript", secret: "secret", fetchApi: reroute, retry: false, rateLimit: false });

async function advance(to) {
  const answer = await fetch(`${address}/_simulator/advance`, { method: "POST", body: JSON.stringify({ to }) });
  assert.equal(answer.status, 200, await answer.text());
}

// next resolves with the first value that the listener gets and the test takes.
function next(listen, takes = () => true) {
  return new Promise((resolve) => listen((value) => takes(value) && resolve(value)));
}

async function account() {
  const account = await client.trading.account.getAccount();
  assert.equal(account.status, "ACTIVE");
  assert.equal(String(account.cash), "100000");
}

async function assets() {
  const all = await client.trading.assets.getV2Assets();
  assert.ok(all.length > 10);
  const one = await client.trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "AAPL" });
  assert.equal(one.symbol, "AAPL");
  assert.ok(one.tradable && one.fractionable);
}

async function updates() {
  const stream = client.trading.stream({ url: `${socket}/stream`, reconnect: false });
  const kinds = [];
  stream.onTradeUpdate((update) => kinds.push(update.event));
  const listening = next((fn) => stream.on("subscription", fn));
  const filled = next((fn) => stream.onTradeUpdate(fn), (update) => update.event === "fill");
  stream.subscribeTradeUpdates();
  stream.connect();
  assert.ok(await stream.waitForAuthentication(15000), "the trading stream did not authenticate");
  await listening;
  const order = await client.trading.orders.market({ symbol: "AAPL", side: "buy", qty: "3", timeInForce: "day", clientOrderId: "js-market" });
  assert.equal(order.clientOrderId, "js-market");
  await advance("2026-11-20T15:05:00Z");
  const update = await filled;
  assert.equal(update.order.symbol, "AAPL");
  assert.ok(kinds.includes("new"), `updates ${kinds}`);
  stream.disconnect();
  const found = await client.trading.orders.getOrderByClientOrderId({ clientOrderId: "js-market" });
  assert.equal(found.status, "filled");
}

// Every order type is taken; those that stay open are found and canceled.
async function orders() {
  const price = await client.marketData.getLatestPrice("MSFT");
  const dollars = (factor) => (Number(price.price ?? price) * factor).toFixed(2);
  const base = { symbol: "MSFT", side: "buy", qty: "1", timeInForce: "day" };
  await client.trading.orders.limit({ ...base, limitPrice: dollars(0.8) });
  await client.trading.orders.stop({ ...base, stopPrice: dollars(1.2) });
  await client.trading.orders.stopLimit({ ...base, stopPrice: dollars(1.2), limitPrice: dollars(1.21) });
  await client.trading.orders.trailingStop({ ...base, trailPercent: "10" });
  const bracket = await client.trading.orders.bracket({
    ...base, type: "limit", limitPrice: dollars(0.8), takeProfit: { limitPrice: dollars(1.1) }, stopLoss: { stopPrice: dollars(0.7) },
  });
  assert.equal(bracket.legs.length, 2);
  const open = await client.trading.orders.getAllOrders({ status: "open", nested: true });
  assert.equal(open.length, 5);
  const canceled = await client.trading.orders.deleteAllOrders();
  assert.ok(canceled.length >= 5);
  await assert.rejects(client.trading.orders.limit({ ...base, qty: "100000", limitPrice: dollars(0.8) }), /buying power/);
}

async function positions() {
  const held = await client.trading.positions.getAllOpenPositions();
  assert.deepEqual(held.map((position) => position.symbol), ["AAPL"]);
}

async function bars() {
  const bars = await client.marketData.collectStockBarsBySymbol({
    symbols: "AAPL,MSFT", timeframe: "1Day", start: new Date("2026-10-01T00:00:00Z"), limit: 10,
  });
  const ofApple = bars instanceof Map ? bars.get("AAPL") : bars.AAPL;
  assert.ok(ofApple.length > 30, `${ofApple.length} bars`);
}

async function marketStream() {
  const stream = client.marketData.stockStream({ url: `${secureSocket}/v2/iex`, reconnect: false });
  const trade = next((fn) => stream.onTrade(fn));
  const bar = next((fn) => stream.onBar(fn));
  const subscribed = next((fn) => stream.on("subscription", fn));
  stream.subscribeForTrades(["AAPL"]);
  stream.subscribeForBars(["AAPL"]);
  stream.connect();
  assert.ok(await stream.waitForAuthentication(15000), "the market data stream did not authenticate");
  await subscribed;
  await advance("2026-11-20T15:08:00Z");
  assert.equal((await trade).symbol, "AAPL");
  assert.ok((await bar).volume > 0);
  stream.disconnect();
}

(async () => {
  for (const story of [account, assets, updates, orders, positions, bars, marketStream]) {
    await Promise.race([story(), new Promise((_, reject) => setTimeout(() => reject(new Error(`${story.name} took too long`)), 30000).unref())]);
  }
  console.log("ok");
  process.exit(0);
})().catch((error) => {
  console.log(error.stack ?? String(error));
  process.exit(1);
});
