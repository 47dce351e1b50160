// The moment that a question is about. Pure.

/** RFC 3339 of what a field of date and time holds, to the end of that minute; empty for nothing. */
export function momentAsked(text: string): string {
  const date = new Date(text);
  if (text === '' || Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() + 59_999).toISOString();
}
