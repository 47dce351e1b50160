// The watched symbols. The list is the server's; signals are joined to it by symbol.
import { api } from '../api/api';
import type { Signal, WatchedSymbol } from '../api/types';

class Watchlist {
  /** Null until the server has answered. */
  symbols = $state.raw<WatchedSymbol[] | null>(null);

  async load(): Promise<void> {
    this.symbols = await api.watchlist();
  }

  async add(symbol: string): Promise<WatchedSymbol> {
    const added = await api.watch(symbol);
    await this.load();
    return added;
  }

  async remove(symbol: string): Promise<void> {
    await api.unwatch(symbol);
    this.symbols = this.symbols?.filter((watched) => watched.symbol !== symbol) ?? null;
  }

  /** Reads the list again when the signals are about other symbols: it was changed elsewhere. */
  compare(signals: Signal[]): void {
    if (!this.symbols) return;
    const key = (list: { symbol: string }[]) => list.map(({ symbol }) => symbol).sort().join(' ');
    if (key(signals) !== key(this.symbols)) this.load().catch(() => {});
  }

  forget(): void {
    this.symbols = null;
  }
}

export const watchlist = new Watchlist();
