import { expect, test } from 'vitest';
import { PipeError, type Problem } from '../../problem/problem.ts';
import { canonical } from '../canonical.ts';
import { formatOf, parseData, type DataFormat } from './data.ts';

function read(text: string, format: DataFormat): string {
  return canonical(parseData(text, format));
}

function refusal(text: string, format: DataFormat): Problem {
  try {
    parseData(text, format, 'params.x');
  } catch (error) {
    if (error instanceof PipeError && error.problems[0]) return error.problems[0];
    throw error;
  }
  throw new Error('it was not refused');
}

test.each([
  ['params.yaml', 'yaml'],
  ['a/b.YML', 'yaml'],
  ['m.json', 'json'],
  ['m.JSON', 'json'],
  ['pyproject.toml', 'toml'],
  ['config.py', 'python'],
  ['metrics', 'yaml'],
  ['.json', 'yaml'],
  ['a.json/metrics', 'yaml'],
])('the end of a name decides the format: %s is %s', (path, format) => {
  expect(formatOf(path)).toBe(format);
});

test('JSON keeps the kinds of numbers, with the words that Python writes', () => {
  const text =
    '{"i": 12345678901234567890, "f": 2.0, "e": 1E5, "n": NaN, "p": Infinity, "m": -Infinity, "z": -0.0, "o": -0}';
  expect(read(text, 'json')).toBe(
    '{"e":100000.0,"f":2.0,"i":12345678901234567890,"m":-.inf,"n":.nan,"o":0,"p":.inf,"z":-0.0}',
  );
});

test('of a key that comes twice in JSON the last one wins, as in Python', () => {
  expect(read('{"a": 1, "a": 2}', 'json')).toBe('{"a":2}');
});

test('TOML keeps the kinds of numbers; dates become texts', () => {
  const text =
    'i = 9223372036854775807\nf = 2.0\nx = 0xff\nn = nan\nm = -inf\nz = -0.0\nd = 2020-01-02\n[t.u]\nl = [1, 2.5, "a"]\n';
  expect(read(text, 'toml')).toBe(
    '{"d":"2020-01-02","f":2.0,"i":9223372036854775807,"m":-.inf,"n":.nan,"t":{"u":{"l":[1,2.5,"a"]}},"x":255,"z":-0.0}',
  );
});

test('YAML keeps the kinds of numbers', () => {
  expect(read('a: 1\nb: 1.0\nc: 1e-5\nd: yes\ne: 0o17\nf: .nan\ng: -0.0\n', 'yaml')).toBe(
    '{"a":1,"b":1.0,"c":1e-05,"d":"yes","e":15,"f":.nan,"g":-0.0}',
  );
});

test('an empty YAML file holds nothing', () => {
  expect(parseData('# only a comment\n', 'yaml')).toBe(null);
});

test.each([
  ['json', '{"a": }', 'PIPE_DATA_SYNTAX', 6],
  ['json', '[1, 2', 'PIPE_DATA_SYNTAX', 5],
  ['toml', 'a = 1\nb = = 2\n', 'PIPE_DATA_SYNTAX', 10],
  ['python', 'a = 1\nb = (2\n', 'PIPE_DATA_SYNTAX', 10],
  ['yaml', 'a: 1\nb: [2\n', 'PIPE_YAML_SYNTAX', 11],
  ['yaml', 'a: 1\na: 2\n', 'PIPE_KEY_DUPLICATE', 5],
] as const)('a fault in %s text is a problem with its place', (...[format, text, code, offset]) => {
  const problem = refusal(text, format);
  expect(problem.code).toBe(code);
  expect(problem.at).toMatchObject({ offset, source: { file: 'params.x', text } });
});

test('keys of TOML and JSON cannot reach the prototypes', () => {
  expect(read('{"__proto__": {"x": 1}, "constructor": 2}', 'json')).toBe('{"__proto__":{"x":1},"constructor":2}');
  expect(read('[__proto__]\nx = 1\n', 'toml')).toBe('{"__proto__":{"x":1}}');
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

test.each<[DataFormat, string]>([
  ['json', '['.repeat(50_000)],
  ['toml', `a = ${'['.repeat(50_000)}`],
  ['toml', `[${Array(5000).fill('a').join('.')}]\n`],
  ['python', `a = ${'('.repeat(2000)}${')'.repeat(2000)}`],
  ['yaml', '['.repeat(50_000)],
  ['yaml', '- '.repeat(50_000)],
])('%s text that nests without end is one problem', (format, text) => {
  expect(refusal(text, format).message).toMatch(/deep|nest|depth|never closed/i);
});
