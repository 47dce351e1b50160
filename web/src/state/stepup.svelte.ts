// The question "is it you?" that dangerous acts wait for. However many wait, it is asked once.
import { whenStepUpNeeded } from '../api/fresh';

class StepUp {
  asked = $state(false);
  /** Whether the password is asked for besides a code. */
  full = $state(false);
  #answer: Promise<boolean> | null = null;
  #settle: (shown: boolean) => void = () => {};

  /** Resolves to true once a factor was shown, to false when the reader cancels. */
  ask(full = false): Promise<boolean> {
    this.full ||= full;
    this.#answer ??= new Promise((settle) => {
      this.#settle = settle;
      this.asked = true;
    });
    return this.#answer;
  }

  /** Ends the question. */
  answer(shown: boolean): void {
    this.asked = false;
    this.full = false;
    this.#answer = null;
    this.#settle(shown);
  }
}

export const stepUp = new StepUp();
whenStepUpNeeded((full) => stepUp.ask(full));
