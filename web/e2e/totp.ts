// The code that an authenticator app shows (RFC 6238: SHA-1, 30 seconds, six digits).
import { createHmac } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const step = 30_000;
const longestUse = 5_000; // from making a code until the server has it

/** The code of now, or of so many steps before: the server takes each step once, and one that is late. */
export async function totp(secret: string, stepsAgo: 0 | 1): Promise<string> {
  const left = step - (Date.now() % step);
  if (left < longestUse) await new Promise((resolved) => setTimeout(resolved, left));
  return codeOf(secret, Math.floor(Date.now() / step) - stepsAgo);
}

function codeOf(secret: string, counter: number): string {
  const bits = [...secret.replaceAll(/[\s=]/g, '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac('sha1', key).update(message).digest();
  const offset = digest.at(-1)! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}
