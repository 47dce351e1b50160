// How the reader's own sign-in is secured.
import { identity } from '../api/identity';
import type { Security } from '../api/types';
import { live } from './live.svelte';
import { session } from './session.svelte';

class SecurityState {
  /** Null until the server has answered. */
  facts = $state.raw<Security | null>(null);
  /** The reader has put the password's reminder off until the page is loaded anew. */
  later = $state(false);

  async load(): Promise<void> {
    this.facts = await identity.security();
  }

  /** After a change of how one signs in: what is known is read anew, the stream opened anew. */
  async changed(): Promise<void> {
    if (session.mustEnroll) await session.load();
    else live.reconnect();
    await this.load();
  }

  forget(): void {
    this.facts = null;
    this.later = false;
  }
}

export const security = new SecurityState();
