// Passkeys: what the browser does between the server's two answers.
import { Problem } from '../api/answer';
import { identity, type Purpose } from '../api/identity';

/** Whether this browser can make and show passkeys. */
export const passkeysWork = (): boolean =>
  'PublicKeyCredential' in globalThis && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

/** Makes a passkey for whoever is signed in. */
export async function addPasskey(name: string): Promise<void> {
  const { options } = await identity.beginPasskey();
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  await identity.addPasskey(name, made);
}

/** Shows a passkey to the server. */
export async function showPasskey(purpose: Purpose, remember = false): Promise<void> {
  const { options } = await identity.askPasskey(purpose);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  const shown = await asked(() => navigator.credentials.get({ publicKey }));
  await identity.showPasskey(shown, remember);
}

async function asked(browser: () => Promise<Credential | null>): Promise<object> {
  try {
    const credential = await browser();
    if (credential) return (credential as PublicKeyCredential).toJSON();
  } catch (error) {
    throw new Problem(0, passkeySentence((error as Error).name));
  }
  throw new Problem(0, passkeySentence('NotAllowedError'));
}

/** What a browser's refusal means, by the name of its error (w3.org/TR/webauthn-3). */
export function passkeySentence(name: string): string {
  switch (name) {
    case 'NotAllowedError':
    case 'AbortError':
      return 'No passkey was shown: it was cancelled, took too long, or this device has none for this page.';
    case 'InvalidStateError':
      return 'This device holds a passkey for this account already.';
    case 'SecurityError':
      return 'Passkeys belong to a name, not to this address. Open the page by its https name, on this machine as http://localhost.';
    case 'NotSupportedError':
      return 'This device cannot make such a passkey.';
    default:
      return 'The browser could not use a passkey. Try again, or use another way.';
  }
}
