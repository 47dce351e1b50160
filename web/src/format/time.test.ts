import { describe, expect, test } from 'vitest';
import { age, clockTime, countdown, dateTime, day, inNewYork, soonTime, tradingDay } from './time';

const close = '2020-06-01T20:00:00Z';

test('times are written in the zone that is asked for', () => {
  expect(clockTime(close, 'America/New_York')).toBe('16:00');
  expect(clockTime(close, 'Europe/Berlin')).toBe('22:00');
  expect(dateTime(close, 'Asia/Tokyo')).toBe('Jun 2, 05:00');
  expect(day(close, 'UTC')).toBe('Jun 1, 2020');
});

test('midnight is 00:00', () => expect(clockTime('2020-06-01T00:00:00Z', 'UTC')).toBe('00:00'));

test('hovering says the time in New York, in summer and in winter', () => {
  expect(inNewYork(close)).toBe('Mon, Jun 1, 2020, 16:00:00 New York');
  expect(inNewYork('2020-12-01T21:00:00Z')).toContain('16:00:00 New York');
  expect(inNewYork(null)).toBe('');
});

test('unknown times are a dash', () => {
  for (const value of [null, undefined, '', 'soon']) expect(dateTime(value)).toBe('—');
});

test('a time on another day names the day', () => {
  expect(soonTime('2020-06-01T20:00:00Z', '2020-06-01T13:46:00Z', 'UTC')).toBe('20:00');
  expect(soonTime('2020-06-02T13:30:00Z', '2020-06-01T21:00:00Z', 'UTC')).toBe('Tue 13:30');
});

test('a trading day is a day in New York', () => {
  expect(tradingDay('2020-06-02T03:59:00Z')).toBe('2020-06-01');
  expect(tradingDay('2020-06-02T04:00:00Z')).toBe('2020-06-02');
});

describe('age', () => {
  test.each([
    [0, 'just now'],
    [12_999, '12 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [150_000, '2 min ago'],
    [3_600_000, '1 h ago'],
    [172_800_000, '2 d ago'],
  ])('%d ms', (milliseconds, text) => expect(age(milliseconds)).toBe(text));
});

describe('countdown', () => {
  test.each([
    ['2020-06-01T17:46:00Z', '2:14'],
    ['2020-06-01T19:59:30Z', '0:01'],
    ['2020-06-01T20:00:00Z', ''],
    ['2020-05-29T18:00:00Z', '3 d 2 h'],
    [null, ''],
  ])('from %s', (from, text) => expect(countdown(from, close)).toBe(text));
});
