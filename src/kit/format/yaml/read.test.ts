import { expect, test } from 'vitest';
import { canonical } from '../../canonical.ts';
import { readYaml } from './read.ts';
import { toValue } from './value.ts';

function read(text: string): string {
  const { root, problems } = readYaml({ file: 'x.yaml', text });
  expect(problems.map(({ message }) => message)).toEqual([]);
  return root === undefined ? 'nothing' : canonical(toValue(root));
}

/** Code, message and the marked text of every problem. */
function faults(text: string): string[] {
  return readYaml({ file: 'x.yaml', text }).problems.map(({ code, message, at }) => {
    const marked = at === undefined ? '' : text.slice(at.offset, at.offset + at.length);
    return `${code} ${message} [${marked}]`;
  });
}

test.each([
  [
    'merge keys come first and own keys win',
    'x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}',
    '{"x":{"a":1,"b":2},"y":{"a":1,"b":3}}',
  ],
  [
    'the first of several merged maps wins',
    'x: &x {a: 1}\nz: &z {a: 2, b: 2}\ny:\n  <<: [*x, *z]',
    '{"x":{"a":1},"y":{"a":1,"b":2},"z":{"a":2,"b":2}}',
  ],
  ['a quoted << is a key', '"<<": {a: 1}', '{"<<":{"a":1}}'],
  ['an anchor may be set again', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', '{"a":1,"b":1,"c":2,"d":2}'],
  [
    'standard tags give a kind',
    'a: !!str 1\nb: !!int "2"\nc: !!float 3\nd: !!null ""\ne: !!bool "true"',
    '{"a":"1","b":2,"c":3.0,"d":null,"e":true}',
  ],
  ['CRLF ends lines', 'a: |\r\n  x\r\n  y\r\nb: 1\r\n', '{"a":"x\\ny\\n","b":1}'],
  ['a byte order mark is passed over', '\uFEFFa: 1', '{"a":1}'],
  ['keys of any scalar kind become texts', '1: a\ntrue: b\n~: c', '{"1":"a","null":"c","true":"b"}'],
  ['nothing', '', 'nothing'],
  ['only comments', '# a\n\n# b\n', 'nothing'],
  ['an explicit key', '? a\n: b', '{"a":"b"}'],
])('%s', (_, text, value) => {
  expect(read(text)).toBe(value);
});

test('ten thousand aliases of a scalar are no bomb', () => {
  const text = `base: &b 7\nlist:\n${'  - *b\n'.repeat(10_000)}`;
  expect(read(text)).toContain('7,7,7');
});

test('aliases that multiply lists are one problem, found at once', () => {
  const levels = Array.from(
    { length: 40 },
    (_, i) => `a${String(i + 1)}: &a${String(i + 1)} [*a${String(i)}, *a${String(i)}]`,
  );
  expect(faults(['a0: &a0 [x, x]', ...levels].join('\n'))).toEqual([
    'PIPE_FILE_TOO_BIG its aliases expand to millions of values []',
  ]);
});

test('aliases that multiply maps through merge keys are bounded by their keys', () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) => `m${String(i + 1)}: &m${String(i + 1)} {<<: [*m${String(i)}, *m${String(i)}]}`,
  );
  expect(read(['m0: &m0 {k: 1}', ...levels].join('\n'))).toContain('"m30":{"k":1}');
});

test('a giant file is read when it is plain, else it is one problem', () => {
  const plain = 'a:\n' + '  - text\n'.repeat(400_000);
  expect(faults(plain)).toEqual([]);
  expect(faults(`x: &x 1\n${plain}`)).toEqual([
    'PIPE_FILE_TOO_BIG the file is larger than 2 MiB and holds what only small files may: an anchor, a tag, a tab or a mistake []',
  ]);
});

test('maps that are merged again and again are one problem', () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `  k${String(i)}: 1`);
  const maps = Array.from({ length: 3000 }, () => '  - {<<: *m}');
  expect(faults(['m: &m', ...keys, 'list:', ...maps].join('\n'))).toEqual([
    'PIPE_FILE_TOO_BIG its aliases expand to millions of values []',
  ]);
});

test.each([
  ['a: 1\nb: 2\na: 3\n', ['PIPE_KEY_DUPLICATE the key "a" comes twice [a]']],
  ['{a: 1, "a": 2}', ['PIPE_KEY_DUPLICATE the key "a" comes twice ["a"]']],
  ['x: &x {a: 1}\ny: {<<: *x, <<: *x}', ['PIPE_KEY_DUPLICATE the merge key << comes twice [<<]']],
  ['a: &a [*a]', ['PIPE_YAML_SYNTAX the anchor &a holds an alias of itself [*a]']],
  ['a: *b', ['PIPE_YAML_SYNTAX no anchor &b stands before this alias [*b]']],
  ['a: \0', ['PIPE_YAML_SYNTAX the file holds a NUL byte [\0]']],
  ['a: \u0007', ['PIPE_YAML_SYNTAX the file holds a control character (U+0007) [\u0007]']],
  ['a: 1\n---\nb: 2\n', ['PIPE_YAML_SYNTAX the file holds more than one YAML document []']],
  ['a: !foo 1', ['PIPE_YAML_SYNTAX the tag !foo does not fit here [1]']],
  ['a: !!int x', ['PIPE_YAML_SYNTAX the tag !!int does not fit here [x]']],
  ['a: !foo [1]', ['PIPE_YAML_SYNTAX the tag !foo is not supported [[1]]']],
  ['? [a]\n: 1', ['PIPE_YAML_SYNTAX a key must be a text [[a]]']],
  [`a: ${'9'.repeat(5000)}`, [`PIPE_YAML_SYNTAX an integer has too many digits [${'9'.repeat(5000)}]`]],
  ['<<: 1', ['PIPE_YAML_SYNTAX << takes a map or a list of maps [1]']],
])('a fault is named where it is: %.30s', (text, expected) => {
  expect(faults(text)).toEqual(expected);
});

test.each([
  ['a:\n\tb: 1\n\tc: 2', ['a tab indents this line [\t]']],
  ['a: [1, 2\n', ['a bracket is not closed, or its lines are not indented []']],
  ['a: "x\n', ['a quote is never closed []']],
  ['a: x b: c', ['a text holds ": ", which makes it a map [x]']],
  ['a: @x', ['a text cannot start with this character [@]']],
  ['a: [o_${x}]', ['a comma is missing between two items [{]']],
  ['a:\n  b: 1\n c: 2', ['the keys of a map must start at the same column [ ]']],
  ["a: 'it's'", ["text follows a value that has ended [s']"]],
  ['a: 1\nb\nc: 2', ['this is no key: ":" is missing behind it [b]']],
  ['a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> c\n', ['the file holds a merge conflict [<<<<<<< HEAD]']],
])('what is no YAML at all is explained: %j', (text, expected) => {
  expect(faults(text)).toEqual(expected.map((each) => `PIPE_YAML_SYNTAX ${each}`));
});

test.each([
  ['['.repeat(100_000)],
  ['{a: '.repeat(100_000)],
  ['- '.repeat(100_000)],
  ['? '.repeat(100_000)],
  [Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  [Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}&x${String(i)} a:`).join('\n')],
])('a text that nests without end is one problem: %.12s', (text) => {
  const { problems } = readYaml({ file: 'x.yaml', text });
  expect(problems.map(({ message }) => message)).toEqual(['lists and maps nest deeper than 256 levels']);
});

test('a key called __proto__ is a key like any other', () => {
  expect(read('__proto__: {x: 1}')).toBe('{"__proto__":{"x":1}}');
});
