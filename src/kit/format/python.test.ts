import { expect, test } from 'vitest';
import { canonical } from '../canonical.ts';
import { readPython } from './python.ts';

const read = (text: string): string => canonical(readPython(text));

test.each([
  ['a = 1', '{"a":1}'],
  ['a = -1_000', '{"a":-1000}'],
  ['a = 0xFF; b = 0o17; c = 0b11', '{"a":255,"b":15,"c":3}'],
  ['a = 1.; b = .5; c = 1e5; d = 1_0.2_5', '{"a":1.0,"b":0.5,"c":100000.0,"d":10.25}'],
  ['a = True\nb = None', '{"a":true,"b":null}'],
  ['a = \'x\' "y"', '{"a":"xy"}'],
  ['a = """x\ny"""', '{"a":"x\\ny"}'],
  ["a = r'\\n'", '{"a":"\\\\n"}'],
  ["a = '\\n\\x41\\u00e9\\U0001F600\\101\\q'", '{"a":"\\nAé😀A\\\\q"}'],
  ["a = 'x\\\ny'", '{"a":"xy"}'],
  ['a = (1, 2)', '{"a":[1,2]}'],
  ['a = 1, 2', '{"a":[1,2]}'],
  ['a = (1)', '{"a":1}'],
  ['a = ()', '{"a":[]}'],
  ['a = [1, [2.0], ]', '{"a":[1,[2.0]]}'],
  ["a = {'x': 1, 2: {'y': []}}", '{"a":{"2":{"y":[]},"x":1}}'],
  ['a = {1, 2, 1}', '{"a":[1,2]}'],
  ['a = set()', '{"a":[]}'],
  ['a: int = 3', '{"a":3}'],
  ['a: Dict[str, int] = {"x": 1}', '{"a":{"x":1}}'],
  ['a = [\n  1,  # one\n  2,\n]', '{"a":[1,2]}'],
  ['a = 1 # c', '{"a":1}'],
  ['a = \\\n  2', '{"a":2}'],
  ['a = 1\na = 2', '{"a":2}'],
  ['class A:\n    x = 1\n    class B:\n        y = "z"\nb = 2', '{"A":{"B":{"y":"z"},"x":1},"b":2}'],
  ['class A(Base, metaclass=M): x = 1', '{"A":{"x":1}}'],
  ['class A:\n    def __init__(self, q=1):\n        self.x = 1\n        y = 2\n    z = 3', '{"A":{"x":1,"z":3}}'],
])('literal assignments are read: %s', (text, value) => {
  expect(read(text)).toBe(value);
});

test.each([
  ['a = f(1)'],
  ['a = b'],
  ['a = 1 + 2'],
  ['a = b = 1'],
  ['a, b = 1, 2'],
  ['a += 1'],
  ['a == 1'],
  ['a.b = 1'],
  ['a[0] = 1'],
  ['a: int'],
  ["a = f'x'"],
  ["a = b'x'"],
  ['a = 1j'],
  ['a = not True'],
  ['a = - -1'],
  ['a = {**b}'],
  ["a = '\\N{BULLET}'"],
  ['def f():\n    a = 1'],
  ['if x:\n    a = 1'],
  ['if x: a = 1'],
  ['async def __init__(self):\n    self.a = 1'],
  ['import a\nfrom b import c'],
  ['for a in b:\n    c = 1\nelse:\n    d = 2'],
  ['@decorator(a=1)\ndef f(b=2): pass'],
])('everything else is ignored: %s', (text) => {
  expect(read(text)).toBe('{}');
});

test('self.name counts wherever DVC looks', () => {
  expect(read('self.a = 1\nclass B:\n    self.c = 2')).toBe('{"B":{"c":2},"a":1}');
});

test.each([
  ['a = (1', '"(" is never closed'],
  ['a = 1)', '")" closes nothing'],
  ["a = 'x", 'a text has no closing quote'],
  ["a = '''x", 'a text has no closing quote'],
  ['a = 012', 'an integer starts with a zero'],
  ['a = $', '"$" is not expected here'],
  ["a = '\\xZZ'", 'a text holds a broken escape'],
  [`a = ${'9'.repeat(5000)}`, 'an integer has too many digits'],
])('text that cannot be Python is refused: %.20s', (text, message) => {
  expect(() => readPython(text)).toThrow(message);
});
