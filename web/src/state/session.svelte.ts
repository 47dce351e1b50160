// Who is signed in.
import { api } from '../api/api';
import { whenSignedOut } from '../api/answer';
import type { Session } from '../api/types';

class SessionState {
  /** Null until the server has answered. */
  current = $state.raw<Session | null>(null);

  get signedIn(): boolean {
    return this.current?.signed_in ?? false;
  }

  /** Asks the server anew; true when somebody is signed in. */
  async load(): Promise<boolean> {
    this.current = await api.session();
    return this.current.signed_in;
  }

  /** The session is over, whoever ended it. */
  end(): void {
    if (!this.current) return;
    const { user: _, ...rest } = this.current;
    this.current = { ...rest, signed_in: false };
  }
}

export const session = new SessionState();
whenSignedOut(() => session.end());
