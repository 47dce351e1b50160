// The one live stream: named events in, typed events out, and a new connection when it is lost.
import type { StreamEvents, Topic } from '../api/types';

export const topics: Topic[] = ['account', 'positions', 'orders', 'signals', 'cycle', 'status', 'trading', 'problem'];

/** The part of EventSource that is used. */
export interface Source {
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  close(): void;
}

export type Connection =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'down'; retryAt: number }; // milliseconds since 1970

export interface StreamOptions {
  open: () => Source;
  /** Asked before each new try; false means that the session has ended. */
  stillSignedIn: () => Promise<boolean>;
  onEvent: <T extends Topic>(topic: T, content: StreamEvents[T]) => void;
  onConnection: (connection: Connection) => void;
  onSignedOut: () => void;
  /** A number from 0 to 1 that spreads the tries of many pages. */
  random?: () => number;
}

const firstWait = 1_000;
const longestWait = 30_000;
/** The server says something at least every 15 seconds; after three of those the line is dead. */
const silence = 45_000;

/**
 * Live keeps one connection. The browser's own reconnecting gives up on an error status and
 * cannot tell a dead session from a dead server, so each loss closes the connection and a new
 * one is tried after 1, 2, 4 ... 30 seconds, less up to a quarter at random.
 */
export class LiveStream {
  #options: StreamOptions;
  #source: Source | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #losses = 0;
  #generation = 0; // grows with each start and stop; what belongs to an older one is dropped

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** Starts, or starts anew at once, forgetting earlier losses. */
  start(): void {
    this.#losses = 0;
    this.#connect();
  }

  stop(): void {
    this.#generation++;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    this.stop();
    const generation = this.#generation;
    const current = () => generation === this.#generation;
    this.#options.onConnection({ state: 'connecting' });
    const source = this.#options.open();
    this.#source = source;
    source.onopen = () => current() && this.#opened();
    source.onerror = () => current() && this.#lost();
    for (const topic of topics) {
      source.addEventListener(topic, (event) => current() && this.#received(topic, event.data));
    }
    this.#watch();
  }

  #opened(): void {
    this.#losses = 0;
    this.#options.onConnection({ state: 'open' });
    this.#watch();
  }

  #received(topic: Topic, data: string): void {
    this.#watch();
    let content: unknown;
    try {
      content = JSON.parse(data);
    } catch {
      return; // one broken event must not end the stream
    }
    this.#options.onEvent(topic, content as never);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), silence);
  }

  #lost(): void {
    this.stop();
    const generation = this.#generation;
    const wait = this.#nextWait();
    this.#options.onConnection({ state: 'down', retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => void this.#retry(generation), wait);
  }

  async #retry(generation: number): Promise<void> {
    let signedIn: boolean;
    try {
      signedIn = await this.#options.stillSignedIn();
    } catch {
      if (generation === this.#generation) this.#lost();
      return;
    }
    if (generation !== this.#generation) return;
    if (signedIn) this.#connect();
    else this.#options.onSignedOut();
  }

  #nextWait(): number {
    const longest = Math.min(firstWait * 2 ** this.#losses, longestWait);
    this.#losses++;
    return Math.round(longest * (1 - (this.#options.random ?? Math.random)() / 4));
  }
}
