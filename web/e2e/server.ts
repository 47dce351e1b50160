// The server under test: BASE_URL's, or the real binary (ALPACA_TRADER names another) in an empty folder on a free port.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const binary = process.env.ALPACA_TRADER ?? resolve(import.meta.dirname, '../../bin/alpaca-trader');
const patience = 30_000;

/** The stories sign in more often than one person does; what limits do is the server's own tests' matter. */
const limits = { RATE_LIMIT_AUTH: '600/minute', RATE_LIMIT_REGISTER: '600/hour', RATE_LIMIT_ADMIN: '6000/hour' };

export interface Server {
  url: string;
  /** What it wrote to its log until now. */
  log: () => string;
  stop: () => Promise<void>;
}

export async function startServer(): Promise<Server> {
  if (process.env.BASE_URL) return { url: process.env.BASE_URL, log: () => '', stop: async () => {} };
  return startBinary();
}

/** The real binary in an empty folder on a free port, with these settings and flags too. */
export async function startBinary(settings: Record<string, string> = {}, command = 'dashboard-secure', flags: string[] = []): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), 'alpaca-trader-e2e-'));
  const child = spawn(binary, [command, '--demo', '--port', '0', ...flags], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: process.env.TMPDIR, ...limits, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  const log = () => written;
  child.stderr!.on('data', (text: Buffer) => (written = (written + text).slice(-20_000)));
  const stop = async () => {
    await ended(child);
    await rm(home, { recursive: true, force: true });
  };
  try {
    return { url: await address(child, log), log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the line that says where the server listens. */
function address(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((found, fail) => {
    const timer = setTimeout(() => fail(new Error(`the server did not say where it listens:\n${log()}`)), patience);
    child.on('error', fail);
    child.on('exit', (code) => fail(new Error(`the server ended with ${code}:\n${log()}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (!url) return;
      clearTimeout(timer);
      found(url.replace('127.0.0.1', 'localhost')); // passkeys belong to a name
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolved) => child.once('exit', resolved));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
