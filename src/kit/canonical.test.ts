import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, equalValues, parseCanonical } from './canonical.ts';
import { readYaml } from './format/yaml/read.ts';
import { toValue } from './format/yaml/value.ts';
import type { Value } from './value.ts';

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.bigInt(),
  fc.double(),
  fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, 2, 1e16, 1e-5, 5e-324, 1.7976931348623157e308),
  fc.string({ unit: 'binary' }),
  fc.string(),
);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}));

test('every value is read back as it was, kind and all', () => {
  fc.assert(
    fc.property(value, (written) => {
      const text = canonical(written);
      expect(text).not.toContain('\n');
      expect(equalValues(parseCanonical(text), written)).toBe(true);
      expect(canonical(parseCanonical(text))).toBe(text);
    }),
  );
});

test('the text is YAML 1.2 with the same meaning', () => {
  expect(canonical('\u007f\u0085\u009f\uffff\ud800')).toBe('"\\u007f\u0085\\u009f\\uffff\\ud800"');
  fc.assert(
    fc.property(value, (written) => {
      const { root } = readYaml({ file: 'x', text: canonical(written) });
      expect(canonical(root === undefined ? null : toValue(root))).toBe(canonical(written));
    }),
  );
});

test('two values are equal exactly when their texts are', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(equalValues(a, b)).toBe(canonical(a) === canonical(b));
    }),
  );
});

test('the order of keys does not matter, and keys are sorted by code unit', () => {
  const map = new Map([
    ['\ufb00', 1n],
    ['\u{1f600}', 2n],
    ['b', 3n],
    ['B', 4n],
  ]);
  const reversed = new Map([...map].reverse());
  expect(canonical(map)).toBe('{"B":4,"b":3,"\u{1f600}":2,"\ufb00":1}');
  expect(canonical(reversed)).toBe(canonical(map));
  expect(equalValues(map, reversed)).toBe(true);
});

test.each([
  [2, '2.0'],
  [-0, '-0.0'],
  [1e-5, '1e-05'],
  [0.0001, '0.0001'],
  [1e-7, '1e-07'],
  [1.5e-10, '1.5e-10'],
  [123456789012345680, '1.2345678901234568e+17'],
  [1e16, '1e+16'],
  [1e15, '1000000000000000.0'],
  [9007199254740992, '9007199254740992.0'],
  [5e-324, '5e-324'],
  [1e100, '1e+100'],
  [0.1 + 0.2, '0.30000000000000004'],
  [NaN, '.nan'],
  [Infinity, '.inf'],
  [-Infinity, '-.inf'],
])('the float %d is written as Python writes it: %s', (float, text) => {
  expect(canonical(float)).toBe(text);
});

test('integers of any size stay integers, apart from floats', () => {
  expect(canonical(2n ** 64n)).toBe('18446744073709551616');
  expect(parseCanonical('18446744073709551616')).toBe(2n ** 64n);
  expect(equalValues(2n, 2)).toBe(false);
});

test('a text laid out for people is read too', () => {
  expect(canonical(parseCanonical('{\n  "b" : [1 , 2.0],\r\n\t"a": {}\n}\n'))).toBe('{"a":{},"b":[1,2.0]}');
});

test.each([
  ['', 'expected a value, found the end of the text at offset 0'],
  ['{"a":1,"a":2}', 'the key "a" comes twice at offset 7'],
  ['[1 2]', 'expected "," or "]" at offset 3'],
  ['[1,]', 'unexpected "]" at offset 3'],
  ['{"a" 1}', 'expected ":" after the key at offset 5'],
  ['{a:1}', 'expected a key in double quotes at offset 1'],
  ['"a', 'a text has no closing quote at offset 0'],
  ['"\\q"', 'a text holds an unknown escape at offset 0'],
  ['"\u0001"', 'a text holds a control character at offset 0'],
  ['01', 'unexpected "01" at offset 0'],
  ['NaN', 'unexpected "NaN" at offset 0'],
  ['tru', 'unexpected "tru" at offset 0'],
  ['1 2', 'there is more text after the end of the value at offset 2'],
  ['[1', 'expected "," or "]" at offset 2'],
  ['1'.repeat(5000), 'an integer has too many digits at offset 0'],
  ['['.repeat(100_000), 'lists and maps nest deeper than 256 levels at offset 256'],
  ['{"a":'.repeat(100_000), 'lists and maps nest deeper than 256 levels at offset 1280'],
])('other text is refused: %.40s', (text, message) => {
  expect(() => parseCanonical(text)).toThrow(message);
});

test('a key called __proto__ is a key like any other', () => {
  const read = parseCanonical('{"__proto__":{"polluted":true}}');
  expect(read).toEqual(new Map([['__proto__', new Map([['polluted', true]])]]));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
