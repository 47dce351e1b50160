// What a form says while one types. Each rule returns one sentence, or nothing when the text is
// fine. The server has the last word; these only spare the reader a round trip.

export type Rule = (text: string) => string;

/** The first sentence of the rules for text. */
export const check = (text: string, ...rules: Rule[]): string => {
  for (const rule of rules) {
    const problem = rule(text);
    if (problem) return problem;
  }
  return '';
};

export const required = (what: string): Rule => (text) => (text.trim() === '' ? `${what} is missing.` : '');

export const atMost = (length: number, what: string): Rule => (text) =>
  [...text.trim()].length > length ? `${what} has at most ${length} characters.` : '';

export const userName: Rule = (text) =>
  /^[\p{L}\p{N}._-]{3,80}$/u.test(text.trim()) ? '' : 'A user name has 3 to 80 letters, digits, dots, underscores or hyphens.';

export const emailAddress: Rule = (text) =>
  /^[^\s@]+@[^\s@]+$/.test(text.trim()) ? '' : 'An e-mail address has the form name@example.org.';

/** The shortest password that the server takes, and the length that is recommended. */
export const shortestPassword = 8;
export const goodPassword = 15;

export const password: Rule = (text) => {
  const length = [...text].length;
  return length < shortestPassword ? `A password has at least ${shortestPassword} characters; this has ${length}.` : '';
};

/** The longest password that the server takes. */
export const atMostLong: Rule = (text) => ([...text].length > 128 ? 'A password has at most 128 characters.' : '');

/** The code of an authenticator app; blanks do not count. */
export const sixDigits: Rule = (text) => (/^\d{6}$/.test(text.replaceAll(/[\s-]/g, '')) ? '' : 'The code has six digits.');

/** Limits such as 200/day;50/hour. */
export const rates: Rule = (text) =>
  /^\s*[1-9]\d*\s*\/\s*(second|minute|hour|day)\s*(;\s*[1-9]\d*\s*\/\s*(second|minute|hour|day)\s*)*$/.test(text)
    ? ''
    : 'A limit has the form 10/minute or 200/day;50/hour.';

export const symbol: Rule = (text) =>
  /^[A-Za-z]{1,5}$/.test(text.trim()) ? '' : 'A symbol has one to five letters, such as AAPL.';

/** A whole number from low to high. */
export const wholeBetween = (low: number, high: number): Rule => (text) => {
  const number = Number(text);
  return /^\d+$/.test(text.trim()) && number >= low && number <= high ? '' : `A whole number from ${low} to ${high}.`;
};

/** A number above low and at most high. */
export const aboveUpTo = (low: number, high: number): Rule => (text) => {
  const number = Number(text);
  return isDecimal(text) && number > low && number <= high ? '' : `A number above ${low} and at most ${high}.`;
};

/** A number from low to below high. */
export const fromBelow = (low: number, high: number): Rule => (text) => {
  const number = Number(text);
  return isDecimal(text) && number >= low && number < high ? '' : `A number from ${low} to below ${high}.`;
};

/** A number from low to high, which may be below zero. */
export const between = (low: number, high: number): Rule => (text) => {
  const number = Number(text);
  return isDecimal(text.trim().replace(/^-/, '')) && number >= low && number <= high ? '' : `A number from ${low} to ${high}.`;
};

/** The rule, unless nothing is typed. */
export const optional = (rule: Rule): Rule => (text) => (text.trim() === '' ? '' : rule(text));

const isDecimal = (text: string) => /^\d+(\.\d+)?$|^\.\d+$/.test(text.trim());

/** Five fields, such as those of cron; what they mean is for the server to say. */
export const fiveFields: Rule = (text) =>
  text.trim() === '' || text.trim().split(/\s+/).length === 5
    ? ''
    : 'A cron expression has five fields: minute, hour, day, month, weekday.';
