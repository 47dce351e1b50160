// Times as the page writes them: in the reader's zone, with New York's on hover.
import { unknown } from './number';

const newYork = 'America/New_York';
type Moment = string | number | Date | null | undefined;

/** The moment in value, or null when there is none. */
export function moment(value: Moment): Date | null {
  if (value === null || value === undefined || value === '') return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

function write(value: Moment, options: Intl.DateTimeFormatOptions, zone?: string): string {
  const date = moment(value);
  if (!date) return unknown;
  const where = zone ? { timeZone: zone } : {};
  return new Intl.DateTimeFormat('en-US', { hourCycle: 'h23', ...options, ...where }).format(date);
}

const hourMinute: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const monthDay: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };

/** `16:00`. */
export const clockTime = (value: Moment, zone?: string) => write(value, hourMinute, zone);

/** `Jun 1, 16:00`. */
export const dateTime = (value: Moment, zone?: string) => write(value, { ...monthDay, ...hourMinute }, zone);

/** `Mon, Jun 1, 16:00`. */
export const weekdayTime = (value: Moment, zone?: string) => write(value, { weekday: 'short', ...monthDay, ...hourMinute }, zone);

/** `Jun 1, 2020`. */
export const day = (value: Moment, zone?: string) => write(value, { ...monthDay, year: 'numeric' }, zone);

/** The day in New York that a moment belongs to, `Jun 1, 2020`, wherever the reader is. */
export const sessionDay = (value: Moment) => day(value, newYork);

/** `Mon 16:00` for a moment on another day than from, else `16:00`. */
export function soonTime(value: Moment, from: Moment, zone?: string): string {
  const [date, start] = [moment(value), moment(from)];
  if (!date) return unknown;
  if (start && day(date, zone) === day(start, zone)) return clockTime(date, zone);
  return `${write(date, { weekday: 'short' }, zone)} ${clockTime(date, zone)}`;
}

/** What hovering a time says: `Mon, Jun 1, 2020, 16:00:00 New York`. */
export function inNewYork(value: Moment): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short', ...monthDay, year: 'numeric', ...hourMinute, second: '2-digit',
  };
  const text = write(value, options, newYork);
  return text === unknown ? '' : `${text} New York`;
}

/** The date of a moment in New York, `2020-06-01`: the day that a trade belongs to. */
export function tradingDay(value: Moment): string {
  const date = moment(value);
  if (!date) return '';
  return new Intl.DateTimeFormat('en-CA', { timeZone: newYork, year: 'numeric', month: '2-digit', day: '2-digit' }).format(date);
}

/** How long ago, in milliseconds: `just now`, `12 s ago`, `2 min ago`, `3 h ago`, `2 d ago`. */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 3) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** How long before now a moment was; a moment that has not come yet is just now. */
export function ago(value: Moment, now: number): string {
  const date = moment(value);
  return date ? age(Math.max(0, now - date.getTime())) : unknown;
}

/** Time left as hours and minutes, rounded up: `2:14`; from a day on `3 d 2 h`; empty when it is over. */
export function countdown(from: Moment, to: Moment): string {
  const [start, end] = [moment(from), moment(to)];
  if (!start || !end || end <= start) return '';
  const minutes = Math.ceil((end.getTime() - start.getTime()) / 60000);
  if (minutes >= 1440) return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}
