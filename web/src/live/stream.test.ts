import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveStream, topics, type Connection, type Source } from './stream';

class FakeSource implements Source {
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(name: string, listener: (event: MessageEvent<string>) => void) {
    this.#listeners.set(name, listener);
  }
  close() {
    this.closed = true;
  }
  say(name: string, data: string) {
    this.#listeners.get(name)?.(new MessageEvent(name, { data }));
  }
  get heard() {
    return [...this.#listeners.keys()];
  }
}

function setup(stillSignedIn: () => Promise<boolean> = async () => true) {
  const sources: FakeSource[] = [];
  const events: [string, unknown][] = [];
  const connections: Connection[] = [];
  const onSignedOut = vi.fn();
  const stream = new LiveStream({
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    stillSignedIn,
    onEvent: (topic, content) => events.push([topic, content]),
    onConnection: (connection) => connections.push(connection),
    onSignedOut,
    random: () => 0,
  });
  stream.start();
  const latest = () => sources.at(-1)!;
  const fail = () => latest().onerror?.(new Event('error'));
  return { stream, sources, events, connections, onSignedOut, latest, fail };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(0);
});
afterEach(() => {
  vi.useRealTimers();
});

describe('events', () => {
  test('every topic is heard and handed on as parsed JSON', () => {
    const { latest, events } = setup();
    expect(latest().heard).toEqual(topics);
    latest().say('account', '{"equity": 100000}');
    latest().say('problem', '{"error": ""}');
    expect(events).toEqual([['account', { equity: 100000 }], ['problem', { error: '' }]]);
  });

  test('a broken event is dropped, the next one arrives', () => {
    const { latest, events } = setup();
    latest().say('account', '{"equity": ');
    latest().say('positions', '[]');
    expect(events).toEqual([['positions', []]]);
  });

  test('what an older connection still says is dropped', () => {
    const { stream, sources, events } = setup();
    stream.start();
    expect(sources).toHaveLength(2);
    expect(sources[0]!.closed).toBe(true);
    sources[0]!.say('account', '{"equity": 1}');
    expect(events).toEqual([]);
  });
});

describe('reconnecting', () => {
  test('waits 1, 2, 4 ... 30 seconds, and 1 again after it was open', async () => {
    const { connections, sources, latest, fail } = setup();
    for (const wait of [1, 2, 4, 8, 16, 30, 30]) {
      const tried = sources.length;
      fail();
      expect(connections.at(-1)).toEqual({ state: 'down', retryAt: Date.now() + wait * 1000 });
      await vi.advanceTimersByTimeAsync(wait * 1000 - 1);
      expect(sources).toHaveLength(tried);
      await vi.advanceTimersByTimeAsync(1);
      expect(sources).toHaveLength(tried + 1);
    }
    latest().onopen?.(new Event('open'));
    expect(connections.at(-1)).toEqual({ state: 'open' });
    fail();
    expect(connections.at(-1)).toEqual({ state: 'down', retryAt: Date.now() + 1000 });
  });

  test('a lost connection is closed at once: the browser does not reconnect beside it', () => {
    const { sources, fail } = setup();
    fail();
    expect(sources[0]!.closed).toBe(true);
  });

  test('a session that has ended leads to sign-in, not to another try', async () => {
    const { sources, onSignedOut, fail } = setup(async () => false);
    fail();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSignedOut).toHaveBeenCalledOnce();
    expect(sources).toHaveLength(1);
  });

  test('a server that does not answer is asked again, later each time', async () => {
    const answers = [new Error('down'), new Error('down'), true];
    const ask = vi.fn(async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer as boolean;
    });
    const { sources, onSignedOut, fail } = setup(ask);
    fail();
    await vi.advanceTimersByTimeAsync(1000 + 2000);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(sources).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4000);
    expect(sources).toHaveLength(2);
    expect(onSignedOut).not.toHaveBeenCalled();
  });

  test('45 seconds of silence end a connection that looks open', async () => {
    const { connections, latest } = setup();
    latest().onopen?.(new Event('open'));
    await vi.advanceTimersByTimeAsync(44_000);
    latest().say('status', '{}');
    await vi.advanceTimersByTimeAsync(44_000);
    expect(connections.at(-1)).toEqual({ state: 'open' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connections.at(-1)?.state).toBe('down');
  });

  test('stop ends it for good', async () => {
    const { stream, sources, fail } = setup();
    fail();
    stream.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sources).toHaveLength(1);
  });
});
