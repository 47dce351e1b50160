// Numbers as the page writes them. Unknown is a dash, never 0.

export const unknown = '—';

type Loose = number | string | null | undefined;

/** The number in value, or null when there is none. */
export function numberOf(value: Loose): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

const digits = (count: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: count, maximumFractionDigits: count });
const two = digits(2);
const four = digits(4);
const upToTwo = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** `$12,345.67`, `-$12.30`. */
export function money(value: Loose): string {
  const amount = numberOf(value);
  if (amount === null) return unknown;
  return `${minus(amount, 2)}$${two.format(Math.abs(amount))}`;
}

/** `+$12.30`, `-$12.30`, `$0.00`. */
export function signedMoney(value: Loose): string {
  return plus(value, money(value), 2);
}

/** A percentage given in percent: `1.25%`. */
export function percent(value: Loose): string {
  const amount = numberOf(value);
  if (amount === null) return unknown;
  return `${minus(amount, 2)}${two.format(Math.abs(amount))}%`;
}

/** `+1.25%`, `-1.25%`, `0.00%`. */
export function signedPercent(value: Loose): string {
  return plus(value, percent(value), 2);
}

/** A price: two digits from $1 up, four below. */
export function price(value: Loose): string {
  const amount = numberOf(value);
  if (amount === null) return unknown;
  const form = Math.abs(amount) < 1 && amount !== 0 ? four : two;
  return `${minus(amount, 4)}$${form.format(Math.abs(amount))}`;
}

/** A quantity as the broker gives it, without trailing zeros; digits are never lost to a float. */
export function quantity(value: Loose): string {
  if (numberOf(value) === null) return unknown;
  const text = typeof value === 'string' ? value.trim() : plainDecimal(value as number);
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (whole === '' && fraction === '') return /^[+-]?[0.]+$/.test(text) ? '0' : text;
  const grouped = (whole || '0').replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${sign === '-' ? '-' : ''}${grouped}${fraction ? `.${fraction}` : ''}`;
}

/** An indicator's value: at most two digits, more for small ones. */
export function plainNumber(value: Loose): string {
  const amount = numberOf(value);
  if (amount === null) return unknown;
  return amount !== 0 && Math.abs(amount) < 1 ? String(Number(amount.toPrecision(3))) : upToTwo.format(amount);
}

/** Whether a change reads as a gain, a loss or neither once rounded to cents. */
export function direction(value: Loose): 'gain' | 'loss' | 'flat' {
  const amount = numberOf(value);
  if (amount === null || Math.abs(amount) < 0.005) return 'flat';
  return amount > 0 ? 'gain' : 'loss';
}

/** The share of a change, in percent; unknown when there is nothing to compare with. */
export function changePercent(now: Loose, before: Loose): number | null {
  const [a, b] = [numberOf(now), numberOf(before)];
  return a === null || b === null || b === 0 ? null : ((a - b) / Math.abs(b)) * 100;
}

function minus(amount: number, places: number): string {
  return Number(amount.toFixed(places)) < 0 ? '-' : '';
}

function plus(value: Loose, text: string, places: number): string {
  const amount = numberOf(value);
  return amount !== null && Number(amount.toFixed(places)) > 0 ? `+${text}` : text;
}

function plainDecimal(value: number): string {
  return value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 9 });
}
