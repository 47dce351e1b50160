// What one account does differently from its user. Pure.
import type { Settings } from '../api/types';
import { readable } from '../format/words';

/** The symbols in a text, in capitals, each once. */
export const symbolsIn = (text: string): string[] => [...new Set(text.toUpperCase().split(/[\s,;]+/).filter(Boolean))];

/** What is wrong with a list of symbols. */
export function symbolsProblem(text: string): string {
  const wrong = symbolsIn(text).find((symbol) => !/^[A-Z]{1,5}$/.test(symbol));
  return wrong ? `“${wrong}” is no symbol: it has one to five letters, such as AAPL.` : '';
}

/** The settings in which both differ, by name: `Position size pct`, `Rsi: period`. */
export function differences(mine: Settings, own: Settings): string[] {
  return differing(mine, own, []).map((path) => path.map(readable).join(': ').replaceAll(/ pct\b/g, ' (%)'));
}

function differing(one: unknown, other: unknown, path: string[]): string[][] {
  if (!isTree(one) || !isTree(other)) return JSON.stringify(one) === JSON.stringify(other) ? [] : [path];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((name) => differing(one[name], other[name], [...path, name]));
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
