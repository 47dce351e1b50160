import { describe, expect, test } from 'vitest';
import {
  changePercent, direction, money, percent, plainNumber, price, quantity, signedMoney, signedPercent, unknown,
} from './number';

const nothing = [null, undefined, '', 'abc', Number.NaN, Number.POSITIVE_INFINITY];

describe('unknown is a dash, never 0', () => {
  const forms = { money, signedMoney, percent, signedPercent, price, quantity, plainNumber };
  test.each(Object.entries(forms))('%s', (_, form) => {
    for (const value of nothing) expect(form(value)).toBe(unknown);
    expect(form(0)).not.toBe(unknown);
  });
});

describe('money', () => {
  test.each([
    [12345.67, '$12,345.67'],
    [-12.3, '-$12.30'],
    ['100000', '$100,000.00'],
    [0, '$0.00'],
    [-0.001, '$0.00'],
    [0.005, '$0.01'],
  ])('%s is %s', (value, text) => expect(money(value)).toBe(text));

  test.each([
    [12.3, '+$12.30'],
    [-12.3, '-$12.30'],
    [0, '$0.00'],
    [0.001, '$0.00'],
  ])('with a sign, %s is %s', (value, text) => expect(signedMoney(value)).toBe(text));
});

describe('percent', () => {
  test.each([
    [1.25, '1.25%', '+1.25%'],
    [-1.255, '-1.26%', '-1.26%'],
    [0, '0.00%', '0.00%'],
    [1234.5, '1,234.50%', '+1,234.50%'],
  ])('%s', (value, plain, signed) => {
    expect(percent(value)).toBe(plain);
    expect(signedPercent(value)).toBe(signed);
  });
});

describe('price: two digits from $1 up, four below', () => {
  test.each([
    [182.305, '$182.31'],
    [1, '$1.00'],
    [0.8123, '$0.8123'],
    [0.5, '$0.5000'],
    [0, '$0.00'],
    ['411.2', '$411.20'],
  ])('%s is %s', (value, text) => expect(price(value)).toBe(text));
});

describe('quantity: as the broker gives it, without trailing zeros', () => {
  test.each([
    ['3.2000', '3.2'],
    ['10', '10'],
    ['10.000', '10'],
    ['0.000000001', '0.000000001'],
    ['123456789.123456789', '123,456,789.123456789'],
    ['-5.50', '-5.5'],
    ['0.000', '0'],
    [100, '100'],
    [1500.5, '1,500.5'],
    [0.0000001, '0.0000001'],
  ])('%s is %s', (value, text) => expect(quantity(value)).toBe(text));
});

test('an indicator value keeps what matters', () => {
  expect(plainNumber(27.4321)).toBe('27.43');
  expect(plainNumber(-0.0012345)).toBe('-0.00123');
  expect(plainNumber(75)).toBe('75');
});

test('a change that rounds to nothing has no direction', () => {
  expect(direction(0.004)).toBe('flat');
  expect(direction(0.01)).toBe('gain');
  expect(direction(-3)).toBe('loss');
  expect(direction(null)).toBe('flat');
});

test('a share of nothing is unknown', () => {
  expect(changePercent(110, 100)).toBe(10);
  expect(changePercent(90, '100')).toBe(-10);
  expect(changePercent(1, 0)).toBeNull();
  expect(changePercent(null, 100)).toBeNull();
});
