// Dangerous acts: the server asks for a fresh factor, the reader is asked once, the request repeated once.
import { Problem, send } from './answer';

/** The code of a problem that a fresh factor solves. */
export const stepUpRequired = 'step_up_required';

/** Asks the reader to show a factor, or all that a sign-in asks for; true when that was done. */
type Ask = (full: boolean) => Promise<boolean>;
let ask: Ask = async () => false;

/** Registers who asks the reader. */
export function whenStepUpNeeded(asker: Ask): void {
  ask = asker;
}

/** send, but where a fresh factor is missing it is asked for, and the same request sent once more. */
export async function sendFresh(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await send(request);
  const needed = await neededFactor(answer);
  if (!needed) return answer;
  if (await ask(needed === 'all')) return send(again);
  throw new Problem(answer.status, 'Nothing was done: you did not confirm that it is you.', '', stepUpRequired);
}

async function neededFactor(answer: Response): Promise<'one' | 'all' | undefined> {
  if (answer.status !== 403) return undefined;
  const content: unknown = await answer.clone().json().catch(() => null);
  const problem = content as { code?: unknown; full?: unknown } | null;
  if (problem?.code !== stepUpRequired) return undefined;
  return problem.full === true ? 'all' : 'one';
}
