// Joins the watchlist, the signals and what is known of each. Pure.
import type { Signal, WatchedSymbol } from '../api/types';

export interface SignalLine {
  symbol: string;
  name: string;
  signal: Signal | null; // null until the server has judged it
}

/** One line for each watched symbol, in the watchlist's order; before that is known, the signals'. */
export function signalLines(watched: WatchedSymbol[] | null, signals: Signal[] | null): SignalLine[] {
  const known = new Map((signals ?? []).map((signal) => [signal.symbol, signal]));
  return (watched ?? signals ?? []).map(({ symbol, name }) => ({ symbol, name, signal: known.get(symbol) ?? null }));
}
