import { expect, test } from 'vitest';
import { canonical } from '../../canonical.ts';
import { resolvePlain, TOO_LONG } from './plain.ts';

test.each([
  ['', 'null'],
  ['~', 'null'],
  ['Null', 'null'],
  ['nUll', '"nUll"'],
  ['true', 'true'],
  ['FALSE', 'false'],
  ['tRue', '"tRue"'],
  ['yes', '"yes"'],
  ['off', '"off"'],
  ['1', '1'],
  ['+12', '12'],
  ['-0', '0'],
  ['010', '10'],
  ['1_000', '1000'],
  ['0x1F', '31'],
  ['-0x1f', '-31'],
  ['0o17', '15'],
  ['0b11', '3'],
  ['0o8', '"0o8"'],
  ['0b12', '"0b12"'],
  ['0x_', '"0x_"'],
  ['+_', '"+_"'],
  ['1.', '1.0'],
  ['.5', '0.5'],
  ['1e5', '100000.0'],
  ['1e-5', '1e-05'],
  ['.5e3', '".5e3"'],
  ['.5e+3', '500.0'],
  ['-0.0', '-0.0'],
  ['1_0.5_0', '10.5'],
  ['1e400', '.inf'],
  ['.inf', '.inf'],
  ['+.Inf', '.inf'],
  ['-.INF', '-.inf'],
  ['.NaN', '.nan'],
  ['-.nan', '"-.nan"'],
  ['.', '"."'],
  ['._', '"._"'],
  ['1:30', '"1:30"'],
  ['2020-01-01', '"2020-01-01"'],
  ['1.2.3', '"1.2.3"'],
  ['=', '"="'],
])('the plain scalar %s is %s', (text, value) => {
  expect(canonical(resolvePlain(text) as never)).toBe(value);
});

test('an integer of absurd length is recognised', () => {
  expect(resolvePlain('1'.repeat(5000))).toBe(TOO_LONG);
});
