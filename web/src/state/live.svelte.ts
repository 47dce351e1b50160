// What the server last said about the active account, kept fresh by the one stream.
import { api } from '../api/api';
import { trading as tradingRoutes } from '../api/trading';
import type { Account, Cycle, Order, Position, Signal, Status, StreamEvents, Topic, Trading } from '../api/types';
import { moment } from '../format/time';
import { LiveStream, type Connection } from '../live/stream';
import { newsOf, rejectionsOf } from '../trading/words';
import { notice } from './notice.svelte';
import { session } from './session.svelte';
import { watchlist } from './watchlist.svelte';

/** The newest cycles that are kept. */
const cyclesKept = 100;

const timeOf = (text: string | null) => moment(text)?.getTime() ?? 0;

class Live {
  account = $state.raw<Account | null>(null);
  positions = $state.raw<Position[] | null>(null);
  orders = $state.raw<Order[] | null>(null);
  signals = $state.raw<Signal[] | null>(null);
  cycles = $state.raw<Cycle[]>([]);
  status = $state.raw<Status | null>(null);
  /** What may be ordered, and why not. */
  trading = $state.raw<Trading | null>(null);
  /** The broker's trouble as a sentence; empty when there is none. */
  problem = $state('');
  connection = $state.raw<Connection>({ state: 'connecting' });
  /** When anything was last received; 0 before the first time. */
  receivedAt = $state(0);

  #stream = new LiveStream({
    open: () => new EventSource('/api/stream'),
    stillSignedIn: () => session.load(),
    onEvent: (topic, content) => this.receive(topic, content),
    onConnection: (connection) => (this.connection = connection),
    onSignedOut: () => session.end(),
  });

  /** The numbers on the screen may be old. */
  get stale(): boolean {
    return this.receivedAt > 0 && this.connection.state !== 'open';
  }

  start(): void {
    this.#stream.start();
  }

  /** Tries again at once when the line is down. */
  retry(): void {
    if (this.connection.state === 'down') this.#stream.start();
  }

  /** The session goes on under a new token: the stream of the old one is about to be cut. */
  reconnect(): void {
    if (this.connection.state === 'open') this.#stream.start();
  }

  stop(): void {
    this.#stream.stop();
    this.#forget();
  }

  /** Another account is the active one now: nothing of the old one may stay on the screen. */
  restart(): void {
    this.stop();
    this.start();
  }

  receive<T extends Topic>(topic: T, content: StreamEvents[T]): void {
    this.receivedAt = Date.now();
    const news = this.#news(topic, content);
    if (news) notice.say(news);
    if (topic === 'cycle') this.addCycles([content as Cycle]);
    else if (topic === 'problem') this.problem = (content as StreamEvents['problem']).error;
    else Object.assign(this, { [topic]: content });
    if (topic === 'signals') watchlist.compare(content as Signal[]);
  }

  /** What the reader must hear of: states that changed, differences, refused orders. */
  #news(topic: Topic, content: StreamEvents[Topic]): string {
    if (topic === 'orders') return rejectionsOf(this.orders, content as Order[]);
    if (topic !== 'trading') return '';
    const after = (content as Trading).account;
    return after ? newsOf(this.trading?.account ?? null, after) : '';
  }

  /** Reads what may be ordered once, after it was changed here. */
  async readTrading(): Promise<void> {
    this.trading = await tradingRoutes.state();
  }

  /** Keeps one entry a cycle, newest first. */
  addCycles(added: Cycle[]): void {
    const ids = new Set(added.map((cycle) => cycle.id));
    const all = [...added, ...this.cycles.filter((cycle) => !ids.has(cycle.id))];
    this.cycles = all.sort((a, b) => timeOf(b.slot) - timeOf(a.slot) || timeOf(b.started_at) - timeOf(a.started_at)).slice(0, cyclesKept);
  }

  /** Reads the signals once, after the watchlist was changed here. */
  async readSignals(): Promise<void> {
    try {
      this.receive('signals', await api.signals());
    } catch {
      // The stream brings them, or the sentence that says why not.
    }
  }

  #forget(): void {
    Object.assign(this, { account: null, positions: null, orders: null, signals: null, cycles: [], status: null, trading: null });
    this.problem = '';
    this.receivedAt = 0;
    this.connection = { state: 'connecting' };
  }
}

export const live = new Live();
