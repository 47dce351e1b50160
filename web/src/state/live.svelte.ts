// What the server last said about the active account, kept fresh by the one stream.
import { api } from '../api/api';
import type { Account, Cycle, Order, Position, Signal, Status, StreamEvents, Topic } from '../api/types';
import { moment } from '../format/time';
import { LiveStream, type Connection } from '../live/stream';
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
    if (topic === 'cycle') this.addCycles([content as Cycle]);
    else if (topic === 'problem') this.problem = (content as StreamEvents['problem']).error;
    else Object.assign(this, { [topic]: content });
    if (topic === 'signals') watchlist.compare(content as Signal[]);
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
    Object.assign(this, { account: null, positions: null, orders: null, signals: null, cycles: [], status: null });
    this.problem = '';
    this.receivedAt = 0;
    this.connection = { state: 'connecting' };
  }
}

export const live = new Live();
