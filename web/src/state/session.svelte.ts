// Who is signed in.
import { api } from '../api/api';
import { whenSignedOut } from '../api/answer';
import type { Session } from '../api/types';

class SessionState {
  /** Null until the server has answered. */
  current = $state.raw<Session | null>(null);

  signedIn = $derived(this.current?.signed_in ?? false);
  /** The user's name; empty when nobody is signed in. */
  who = $derived(this.current?.user?.username ?? '');

  /** The installation demands a second factor and the reader has none: nothing else is open. */
  mustEnroll = $derived(this.current?.must_enroll ?? false);

  /** The server has one user and no sign-in. */
  single = $derived(this.current?.single_user ?? false);

  admin = $derived(this.current?.user?.role === 'admin');

  /** Why the reader may change nothing; empty for everybody but viewers. */
  readOnly = $derived(
    this.current?.user?.role === 'viewer' ? 'You are a viewer: you can look at everything here, and change only how you sign in.' : '',
  );

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
whenSignedOut(() => void session.load().catch(() => session.end()));
