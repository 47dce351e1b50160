// Routes about who one is: signing in, factors, sessions, tokens.
import { answered } from './answer';
import { client } from './client';
import type { NewToken } from './types';

const at = (id: string) => ({ params: { path: { id } } });

/** What a passkey is shown for. */
export type Purpose = 'sign_in' | 'second_factor' | 'step_up';

/** One of the two: a user with a second factor must give its code. */
export type Factor = { password: string } | { token: string };

export const identity = {
  signIn: (body: { username: string; password: string; remember: boolean }) =>
    answered(client.POST('/api/auth/login', { body })),
  secondStep: (token: string) => answered(client.POST('/api/auth/verify-2fa', { body: { token } })),
  stepUp: (body: Factor) => answered(client.POST('/api/auth/step-up', { body })),
  register: (body: { username: string; email: string; password: string; invite?: string; setup_code?: string }) =>
    answered(client.POST('/api/auth/register', { body })),
  setPassword: (token: string, new_password: string) =>
    answered(client.POST('/api/auth/set-password', { body: { token, new_password } })),

  security: () => answered(client.GET('/api/security')),
  changePassword: (current_password: string, new_password: string) =>
    answered(client.POST('/api/auth/password', { body: { current_password, new_password } })),
  changeEmail: (email: string) => answered(client.POST('/api/auth/email', { body: { email } })),

  setUpCodes: () => answered(client.POST('/api/2fa/setup')),
  enableCodes: (token: string) => answered(client.POST('/api/2fa/enable', { body: { token } })),
  disableCodes: (password: string) => answered(client.POST('/api/2fa/disable', { body: { password } })),
  newRecoveryCodes: () => answered(client.POST('/api/2fa/recovery-codes')),

  sessions: () => answered(client.GET('/api/sessions')),
  endSession: (id: string) => answered(client.DELETE('/api/sessions/{id}', at(id))),
  endOtherSessions: () => answered(client.DELETE('/api/sessions')),

  beginPasskey: () => answered(client.POST('/api/passkeys/register/begin')),
  addPasskey: (name: string, credential: object) =>
    answered(client.POST('/api/passkeys/register/finish', { body: { name, credential } })),
  renamePasskey: (id: string, name: string) => answered(client.PUT('/api/passkeys/{id}', { ...at(id), body: { name } })),
  deletePasskey: (id: string) => answered(client.DELETE('/api/passkeys/{id}', at(id))),
  askPasskey: (purpose: Purpose) => answered(client.POST('/api/auth/passkey/begin', { body: { purpose } })),
  showPasskey: (credential: object, remember: boolean) =>
    answered(client.POST('/api/auth/passkey/finish', { body: { credential, remember } })),

  tokens: () => answered(client.GET('/api/tokens')),
  addToken: (body: NewToken) => answered(client.POST('/api/tokens', { body })),
  revokeToken: (id: string) => answered(client.DELETE('/api/tokens/{id}', at(id))),
};
