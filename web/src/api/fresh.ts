// Dangerous acts: the server asks for a fresh factor, the reader is asked once, the request repeated once.
import { Problem, send } from './answer';

/** The code of a problem that a fresh factor solves. */
export const stepUpRequired = 'step_up_required';

/** Asks the reader to show a factor; true when that was done. */
type Ask = () => Promise<boolean>;
let ask: Ask = async () => false;

/** Registers who asks the reader. */
export function whenStepUpNeeded(asker: Ask): void {
  ask = asker;
}

/** send, but where a fresh factor is missing it is asked for, and the same request sent once more. */
export async function sendFresh(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await send(request);
  if (!(await needsFactor(answer))) return answer;
  if (await ask()) return send(again);
  throw new Problem(answer.status, 'Nothing was done: you did not confirm that it is you.', '', stepUpRequired);
}

async function needsFactor(answer: Response): Promise<boolean> {
  if (answer.status !== 403) return false;
  const content: unknown = await answer.clone().json().catch(() => null);
  return (content as { code?: unknown } | null)?.code === stepUpRequired;
}
