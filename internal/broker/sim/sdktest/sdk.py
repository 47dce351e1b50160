"""Alpaca's official Python SDK (alpaca-py) against the simulator at the address in the first
argument. Prints "ok" when everything was as it should be."""
import asyncio
import json
import sys
import urllib.request
from datetime import datetime, timezone

from alpaca.data.enums import Adjustment
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import StockBarsRequest, StockSnapshotRequest
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrdersRequest, LimitOrderRequest, MarketOrderRequest, StopLimitOrderRequest, StopLossRequest,
    StopOrderRequest, TakeProfitRequest, TrailingStopOrderRequest,
)
from alpaca.trading.stream import TradingStream

address = sys.argv[1]
socket = address.replace("http", "ws", 1)
trading = TradingClient("python", "secret", paper=True, url_override=address)
data = StockHistoricalDataClient("python", "secret", url_override=address)


def advance(to):
    request = urllib.request.Request(address + "/_simulator/advance", json.dumps({"to": to}).encode(), method="POST")
    urllib.request.urlopen(request).read()


def account_and_assets():
    account = trading.get_account()
    assert account.status.value == "ACTIVE", account
    assert trading.get_asset("AAPL").tradable
    assert len(trading.get_all_assets()) > 10
    assert trading.get_clock().is_open
    assert trading.get_calendar()


def orders():
    base = dict(symbol="MSFT", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    price = float(data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="MSFT"))["MSFT"].latest_trade.price)
    at = lambda factor: round(price * factor, 2)
    trading.submit_order(LimitOrderRequest(limit_price=at(0.8), **base))
    trading.submit_order(StopOrderRequest(stop_price=at(1.2), **base))
    trading.submit_order(StopLimitOrderRequest(stop_price=at(1.2), limit_price=at(1.21), **base))
    trading.submit_order(TrailingStopOrderRequest(trail_percent=10, **base))
    bracket = trading.submit_order(LimitOrderRequest(
        limit_price=at(0.8), order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=at(1.1)),
        stop_loss=StopLossRequest(stop_price=at(0.7)), **base))
    assert len(bracket.legs) == 2
    found = trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=True))
    assert len(found) == 5, found
    assert len(trading.cancel_orders()) >= 5


def bars():
    request = StockBarsRequest(symbol_or_symbols=["AAPL", "MSFT"], timeframe=TimeFrame.Day,
                               start=datetime(2026, 10, 1, tzinfo=timezone.utc), adjustment=Adjustment.SPLIT)
    bars = data.get_stock_bars(request)
    assert len(bars["AAPL"]) > 30
    assert bars.df.loc["AAPL"]["close"].min() > 0


async def streams():
    filled, traded = asyncio.Event(), asyncio.Event()

    async def on_update(update):
        if str(getattr(update.event, "value", update.event)) == "fill":
            filled.set()

    async def on_trade(trade):
        assert trade.symbol == "AAPL" and trade.price > 0 and trade.timestamp.tzinfo
        traded.set()

    updates = TradingStream("python", "secret", paper=True, url_override=socket + "/stream")
    updates.subscribe_trade_updates(on_update)
    market = StockDataStream("python", "secret", url_override=socket + "/v2/iex")
    market.subscribe_trades(on_trade, "AAPL")
    tasks = [asyncio.create_task(updates._run_forever()), asyncio.create_task(market._run_forever())]
    minute = 10
    trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY))
    while not (filled.is_set() and traded.is_set()):
        await asyncio.sleep(0.2)
        if updates._running and market._running:
            assert minute < 290, "the streams told nothing"
            if minute % 5 == 0:
                trading.submit_order(MarketOrderRequest(symbol="AAPL", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY))
            advance(f"2026-11-20T{15 + minute // 60}:{minute % 60:02}:00Z")
            minute += 1
    for task in tasks:
        task.cancel()


account_and_assets()
orders()
bars()
asyncio.run(asyncio.wait_for(streams(), 120))
print("ok")
