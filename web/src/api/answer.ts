// What comes back from the server: the content of a good answer, or a Problem with one sentence.

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: the server did not answer
    message: string,
    readonly requestId: string = '',
    readonly code: string = '', // for programs, such as step_up_required
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

/** fetch, but silence becomes a Problem, and an answer that is neither JSON nor a file an empty one. */
export async function send(request: Request): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch {
    throw new Problem(0, silence);
  }
  if (/json/.test(answer.headers.get('content-type') ?? '')) return answer;
  if (answer.ok && answer.headers.has('content-disposition')) return answer;
  if (answer.ok) throw new Problem(answer.status, silence);
  return new Response('{}', { status: answer.status, headers: { 'content-type': 'application/json' } });
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** What the schema says that a route answers. */
type Content<A> = A extends { data?: infer D } ? NonNullable<D> : never;

/** The content of a good answer; anything else is thrown as a Problem. T refines what the schema says. */
export async function answered<T = never, A extends Answer = Answer>(
  asked: Promise<A>,
): Promise<[T] extends [never] ? Content<A> : T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as [T] extends [never] ? Content<A> : T;
  if (response.status === 401 && !new URL(response.url || '/', location.origin).pathname.startsWith('/api/auth/')) onSignedOut();
  throw problemOf(response, error);
}

function problemOf(answer: Response, content: unknown): Problem {
  const fields = (content ?? {}) as Record<string, unknown>;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  return new Problem(answer.status, text('error') || text('detail') || fallback(answer), text('request_id'), text('code'));
}

function fallback(answer: Response): string {
  if (answer.status === 429) return 'Too many requests. Wait a minute, then try again.';
  if (answer.status >= 500) return 'The server had a fault. Try again; if it stays, look into its log.';
  return `The server refused this (${answer.status}).`;
}
