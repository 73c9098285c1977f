import type { DataFormat } from '../../../src/kit/format/data.ts';

/** A text of params, metrics or variables for the comparison with DVC. */
export interface DataText {
  readonly format: DataFormat;
  readonly text: string;
}

/** Both read them, and mean the same. */
export const READABLE: readonly DataText[] = [
  ...[
    'a: 1\nb: [2.0, 1e-5, 1e5, .5, 1., -0.0, 0x1F, 0o17, 0b1, 010, 1_000, .inf, -.inf, .nan]\n',
    'a: [yes, no, on, off, y, n, True, FALSE, ~, null, Null, NULL, "", "1", \'2\']\n',
    'big: 123456789012345678901234567890\nsmall: -9223372036854775809\n',
    'x: &x {a: 1}\ny: {<<: *x, b: 2}\nz:\n  <<: [*x, {a: 3, c: 4}]\n',
    'a: |\n  x\n   y\n\nb: >\n  x\n  y\n\n  z\nc: |-\n  x\nd: |+\n  x\n\ne: >-\n  a\n   b\n  c\n',
    'a: plain text\n  over lines\n\n  and more\nb: "double\n  quoted"\nc: \'single\n\n  quoted\'\n',
    'a: "\\u00e9\\x41\\t\\n\\"\\\\\\/\\e\\0"\n',
    '"a b": 1\n\'c\': 2\n? d\n: 3\n',
    '{a: 1, b: [x, {c: d}], e: }\n',
    '- a\n- - b\n  - c\n-\n  d: e\n',
    'a: # comment\n  b: 1 # another\n# third\nc: x#y\n',
    'a: http://x:80/y\nb: a:b\nc: "x": \n'.replace('c: "x": \n', ''),
    '---\na: 1\n...\n',
    'é: 日本\n😀: "\\U0001F600"\n',
    'a: !!str 1\nb: !!int "2"\nc: !!float 3\nd: !!null\n',
    'a: 1.5e3\nb: 1.5E+3\nc: -1e-3\nd: +.5\ne: 1e400\nf: 1e-400\ng: 0.1\nh: 1234567890.123456789\n',
    'a: -\n'.replace('-', '- x').replace('a: - x', 'a:\n- x'),
    '{}\n',
    'a: {}\nb: []\nc:\n',
  ].map((text) => ({ format: 'yaml' as const, text })),
  ...[
    '{"a": 1, "b": 2.0, "c": 1e-5, "d": -0.0, "e": NaN, "f": [Infinity, -Infinity], "g": 12345678901234567890}',
    '{"a": 1, "a": 2, "s": "\\u00e9\\ud83d\\ude00\\n", "t": true, "n": null, "e": {}, "l": []}',
    ' \n{"a"\t:\r\n[ 1 ,2 ]}\n',
    '{"x": 1E5, "y": 0.1e+2, "z": -0}',
  ].map((text) => ({ format: 'json' as const, text })),
  ...[
    'a = 1\nb = 2.0\nc = 1e-5\nd = nan\ne = -inf\nf = -0.0\ng = 0xff\nh = 1_000\n',
    's = "x\\ty"\nm = """\na\nb"""\nl = \'raw\\n\'\n[t]\na.b.c = true\n[[t.list]]\nx = 1\n[[t.list]]\nx = 2\n',
    'd = 2020-01-02\nt = 10:20:30\ninline = {a = [1, 2.5, "x"], b = {}}\n',
    'max = 9223372036854775807\nmin = -9223372036854775808\n',
  ].map((text) => ({ format: 'toml' as const, text })),
  ...[
    'A = 1\nB = -2.5\nC = "x" \'y\'\nD = True\nE = None\nF = 0xFF\nG = 1_000\nH = 1e5\nI = .5\nJ = 1.\n',
    'A = [1, 2.0, "x", [True]]\nB = (1, 2)\nC = {"a": 1, "b": {"c": [1]}}\nD = {1, 2}\nE = ()\nF = 1, 2\nG = set()\n',
    'a: int = 1\nb: str\nc = d = 1\ne, f = 1, 2\ng += 1\nh = a + 1\ni = f(1)\nj.k = 1\nl[0] = 2\nm = not True\nn = -1\no = +1\np = --1\n',
    'class A:\n    x = 1\n    y: float = 2.0\n    class B(object):\n        z = "w"\n    def __init__(self, q=2):\n        self.s = 3\n        t = 4\n        self.u.v = 5\n    def other(self):\n        self.no = 1\n\ndef f():\n    hidden = 1\n\nif True:\n    hidden = 2\nelse:\n    hidden = 3\nlast = 1\n',
    'class A: x = 1; y = 2\nclass C(metaclass=M): pass\n@decorator(x=1)\nclass D:\n    """doc"""\n    z = 1\n',
    'A = """a\nb"""\nB = r"\\n"\nC = "\\n\\x41\\u00e9\\101\\q"\nD = "a\\\nb"\nE = \'\'\'x"y\'\'\'\nF = f"x"\nG = "a" f"b"\nH = u"u"\nI = R"\\d"\n',
    'A = [\n    1,  # one\n    # two\n    2,\n]\nB = \\\n    3\nC = (4)\nD = (4,)\nE = {\n  "k": (1, 2),\n}\n',
    'import os\nfrom x import y\nA = os.environ["X"]\nfor i in range(3):\n    B = i\nwhile False:\n    C = 1\ntry:\n    D = 1\nexcept Exception:\n    E = 1\nwith open("x") as f:\n    G = 1\nasync def __init__(self):\n    self.H = 1\nI = lambda: 0\nJ = [x for x in []]\nK = 5 if True else 6\nL = 7\n',
    'self.a = 1\ndef __init__(self):\n    self.b = 2\n    c = 3\n',
    'class A:\n\tx = 1\n\n\ty = 2\n# comment\n    # strange indentation\nz = 3\n',
    'A = {1: "x", "b": 2, True: 3, None: 4}\n'.replace(', True: 3', ''),
    'x = 1;\ny = 2; z = 3\n',
  ].map((text) => ({ format: 'python' as const, text })),
];

/** Both refuse them. */
export const UNREADABLE: readonly DataText[] = [
  ...[
    'a: [1\n',
    'a: 1\na: 2\n',
    'a: b: c\n',
    'a: *x\n',
    'a: "x\n',
    'a:\n\tb: 1\n',
    'a: @x\n',
    'a: 1\n---\nb: 2\n',
    'a: \u0000\n',
    '? [a]\n: {b\n',
  ].map((text) => ({ format: 'yaml' as const, text })),
  ...[
    '{"a": }',
    '{a: 1}',
    "{'a': 1}",
    '[1,]',
    '{"a": 01}',
    '{"a": "\n"}',
    '{"a": 1} x',
    '',
    '{"a": .5}',
    '{"a": 1.}',
  ].map((text) => ({
    format: 'json' as const,
    text,
  })),
  ...['a = ', 'a = 1\na = 2\n', '[t]\n[t]\n', 'a = [1', 'a b = 1', 'a = 01'].map((text) => ({
    format: 'toml' as const,
    text,
  })),
  ...['a = (1\n', "a = 'x\n", 'a = 1)\n', 'a = 012\n', 'a = $x\n', 'a = """x\n'].map((text) => ({
    format: 'python' as const,
    text,
  })),
];
