// How hard a new password is to guess, in words.

export interface Strength {
  score: 0 | 1 | 2 | 3 | 4;
  word: string;
  /** Why it is not stronger, or what would make it better; empty when there is nothing to say. */
  advice: string;
}

const words = ['Very weak', 'Weak', 'Fair', 'Good', 'Strong'] as const;

/** The estimator's warnings, as sentences. */
const warnings: Record<string, string> = {
  topTen: 'It is one of the most used passwords.',
  topHundred: 'It is one of the most used passwords.',
  common: 'It is a common password.',
  similarToCommon: 'It is like a common password.',
  wordByItself: 'A single word is easy to guess.',
  dates: 'Dates are easy to guess.',
  recentYears: 'Years are easy to guess.',
  sequences: 'Sequences such as abc or 6543 are easy to guess.',
  simpleRepeat: 'Repeated characters are easy to guess.',
  extendedRepeat: 'Repeated patterns are easy to guess.',
  straightRow: 'Rows of keys are easy to guess.',
  keyPattern: 'Patterns of keys are easy to guess.',
  userInputs: 'It is made of your own name or address.',
};

/** Estimates a password; own are words that somebody who attacks this user would try first. */
export async function strengthOf(password: string, own: string[]): Promise<Strength> {
  const { estimate } = await import('./zxcvbn');
  const { score, feedback } = estimate(password, own.flatMap(parts));
  return { score, word: words[score], advice: advice(score, feedback.warning, [...password].length) };
}

function advice(score: number, warning: string | null, length: number): string {
  if (warning && warnings[warning]) return warnings[warning];
  if (score < 3) return 'Three or four words that have nothing to do with each other are better.';
  return length < 15 ? '15 or more characters are better still.' : '';
}

const parts = (text: string): string[] => [text, ...text.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length > 2);
