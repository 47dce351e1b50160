// One door to the server: JSON in, JSON out, and every failure is a Problem with one sentence.

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the server did not answer
    message: string,
    readonly requestId: string = '',
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const silence =
  'The server does not answer, so it is unknown whether this was done. Check the connection, reload, then try again.';

type Listener = () => void;
let onSignedOut: Listener = () => {};

/** Registers what happens when the server says that the session has ended. */
export function whenSignedOut(listener: Listener): void {
  onSignedOut = listener;
}

/** The sentence to show for anything thrown. */
export function sentence(error: unknown): string {
  return error instanceof Problem ? error.message : 'Something went wrong on this page. Reload it and try again.';
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await send(method, path, body);
  const content = await parse(answer);
  if (answer.ok) return content as T;
  if (answer.status === 401 && !path.startsWith('/api/auth/')) onSignedOut();
  throw problemOf(answer, content);
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    init.headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, init);
  } catch {
    throw new Problem(0, silence);
  }
}

async function parse(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    if (answer.ok) throw new Problem(answer.status, silence);
    return null;
  }
}

function problemOf(answer: Response, content: unknown): Problem {
  const fields = (content ?? {}) as { error?: unknown; detail?: unknown; request_id?: unknown };
  const said = [fields.error, fields.detail].find((text) => typeof text === 'string' && text !== '');
  const id = typeof fields.request_id === 'string' ? fields.request_id : '';
  return new Problem(answer.status, (said as string | undefined) ?? fallback(answer), id);
}

function fallback(answer: Response): string {
  if (answer.status === 429) return 'Too many requests. Wait a minute, then try again.';
  if (answer.status >= 500) return 'The server had a fault. Try again; if it stays, look into its log.';
  return `The server refused this (${answer.status}).`;
}
