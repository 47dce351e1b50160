// The words of the security room. Pure.
import type { Scope } from '../api/types';

/** A key as one types it off: `ABCD EFGH`. */
export const inFours = (text: string): string => text.replaceAll(/\s/g, '').replace(/(.{4})(?=.)/g, '$1 ');

export const scopes: { value: Scope; words: string; note: string }[] = [
  { value: 'read', words: 'Read', note: 'See accounts, positions, orders and signals.' },
  { value: 'trade:paper', words: 'Trade on paper', note: 'Change and order what moves no real money.' },
  { value: 'trade:live', words: 'Trade live', note: 'Change and order what moves REAL money.' },
];

/** `Read, trade on paper`. */
export function scopeWords(given: Scope[]): string {
  const words = scopes.filter(({ value }) => given.includes(value)).map(({ words }) => words.toLowerCase());
  const text = words.join(', ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
