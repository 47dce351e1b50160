// How the reader's own sign-in is secured.
import { identity } from '../api/identity';
import type { Security } from '../api/types';

class SecurityState {
  /** Null until the server has answered. */
  facts = $state.raw<Security | null>(null);
  /** The reader has put the password's reminder off until the page is loaded anew. */
  later = $state(false);

  async load(): Promise<void> {
    this.facts = await identity.security();
  }

  forget(): void {
    this.facts = null;
    this.later = false;
  }
}

export const security = new SecurityState();
