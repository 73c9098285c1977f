import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { PipeError } from '../problem/problem.ts';
import type { LockBlock, LockEntry } from './block.ts';
import { blockText } from './block.ts';
import { entryOf, lockEntry } from './entry.ts';
import type { Lock } from './lock.ts';
import { lockPathOf, lockText, parseLock, readLock, writeLock } from './lock.ts';

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => `b3:${Buffer.from(b).toString('hex')}` as Digest);
const odd = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '',
  '<<<<<<< ours',
  '=======',
  '\u2028',
  '"',
  '\ud800',
);
const name = fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 8 }));
const map = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> =>
  fc.array(fc.tuple(name, values), { maxLength: 3 }).map((pairs) => new Map(pairs));
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(fc.constant(null), fc.boolean(), fc.bigInt(), fc.double(), name),
    fc.array(tie('value'), { maxLength: 3 }),
    map(tie('value')) as fc.Arbitrary<ValueMap>,
  ),
}));
const entry: fc.Arbitrary<LockEntry> = fc.record(
  {
    path: name,
    digest,
    size: fc.maxSafeNat(),
    files: fc.nat(100_000_000),
    exec: fc.constant(true),
    link: fc.constant(true),
  },
  { requiredKeys: ['path', 'digest', 'size'] },
);
const entries = fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 3 });
const block: fc.Arbitrary<LockBlock> = fc.record({
  cmd: fc.oneof(name, fc.array(name, { maxLength: 2 })),
  wdir: fc.constantFrom('.', 'sub', '../x'),
  deps: entries,
  params: map(map(value)),
  env: map(digest),
  outs: entries,
});
const lock: fc.Arbitrary<Lock> = map(block);

const HEX = `b3:${'0'.repeat(64)}` as Digest;
const plain: LockBlock = { cmd: 'run', wdir: '.', deps: [], params: new Map(), env: new Map(), outs: [] };

describe('a lock', () => {
  test('is read back as it was written, with the kind of every value', () => {
    fc.assert(
      fc.property(lock, (written) => {
        const text = lockText(written);
        const read = parseLock(text, 'pipeline.lock');
        expect(lockText(read)).toBe(text);
        expect([...read.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [stage, expected] of written) {
          expect(blockText(read.get(stage) ?? plain)).toBe(blockText(expected));
          expect(read.get(stage)?.params).toEqual(expected.params);
        }
      }),
    );
  });

  test('does not depend on the order in which stages, deps, params and outs were recorded', () => {
    fc.assert(
      fc.property(lock, (written) => {
        const turned = new Map(
          [...written].reverse().map(([stage, each]) => {
            const deps = each.deps.toReversed();
            const params = new Map([...each.params].reverse());
            return [stage, { ...each, deps, params, outs: each.outs.toReversed() }];
          }),
        );
        expect(lockText(turned)).toBe(lockText(written));
      }),
    );
  });

  test('changes only the lines of a stage when that stage changes', () => {
    const before: Lock = new Map([
      ['a', plain],
      ['b', { ...plain, outs: [{ path: 'x', digest: HEX, size: 1 }] }],
      ['c', plain],
    ]);
    const after = new Map(before).set('b', { ...plain, outs: [{ path: 'x', digest: HEX, size: 2 }] });
    const lines = lockText(before).split('\n');
    const changed = lockText(after).split('\n').filter((line) => !lines.includes(line)); // prettier-ignore
    expect(changed).toEqual([`        {"digest":"${HEX}","path":"x","size":2}`]);
  });

  test('has the documented layout', () => {
    const train: LockBlock = {
      cmd: ['node a.js', 'node b.js'],
      wdir: 'sub',
      deps: [{ path: 'data', digest: HEX, size: 3, files: 1 }],
      params: new Map([['params.yaml', new Map<string, Value>([['b', [1n, 2.0]], ['a', new Map([['x', null]])]])]]), // prettier-ignore
      env: new Map([['THREADS', HEX]]),
      outs: [{ path: 'run', digest: HEX, size: 0, exec: true }],
    };
    expect(lockText(new Map([['train', train]])).replaceAll(HEX, 'b3:…')).toMatchInlineSnapshot(`
      "{
        "schema": "pipe.lock/1",
        "stages": {
          "train": {
            "cmd": [
              "node a.js",
              "node b.js"
            ],
            "wdir": "sub",
            "deps": [
              {"digest":"b3:…","files":1,"path":"data","size":3}
            ],
            "params": {
              "params.yaml": {
                "a": {"x":null},
                "b": [1,2.0]
              }
            },
            "env": {
              "THREADS": "b3:…"
            },
            "outs": [
              {"digest":"b3:…","exec":true,"path":"run","size":0}
            ]
          }
        }
      }
      "
    `);
    expect(lockText(new Map())).toBe('{\n  "schema": "pipe.lock/1",\n  "stages": {}\n}\n');
  });

  test('lies beside its pipeline file', () => {
    expect(['pipeline.yaml', 'sub.yaml/pipeline.yaml', 'a/dvc.yaml'].map(lockPathOf)).toEqual([
      'pipeline.lock',
      'sub.yaml/pipeline.lock',
      'a/pipeline.lock',
    ]);
  });

  test('that is absent is empty; one on disk is replaced as a whole', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipe-lock-'));
    try {
      const file = join(folder, 'pipeline.lock');
      expect(readLock(file, 'pipeline.lock').size).toBe(0);
      writeFileSync(file, 'x'.repeat(10_000));
      writeLock(file, new Map([['a', plain]]));
      expect(readFileSync(file, 'utf8')).toBe(lockText(new Map([['a', plain]])));
      expect(readLock(file, 'pipeline.lock')).toEqual(new Map([['a', plain]]));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('with Windows line ends means the same', () => {
    const text = lockText(new Map([['a', plain]]));
    expect(lockText(parseLock(text.replaceAll('\n', '\r\n'), 'pipeline.lock'))).toBe(text);
  });
});

describe('a lock that pipe did not write', () => {
  const stage = (block: string): string => `{"schema": "pipe.lock/1", "stages": {"a": ${block}}}`;
  test.each([
    ['empty', ''],
    ['cut off', lockText(new Map([['a', plain]])).slice(0, -10)],
    ['the marks of a merge', '{\n<<<<<<< ours\n=======\n>>>>>>> theirs\n}\n'],
    ['the marks of a merge on Windows', '{\r\n<<<<<<< ours\r\n=======\r\n>>>>>>> theirs\r\n}'],
    ['a newer version', '{"schema": "pipe.lock/2", "stages": {}}'],
    ['no version', '{"stages": {}}'],
    ['a list', '[]'],
    ['stages in a list', '{"schema": "pipe.lock/1", "stages": []}'],
    ['a stage twice', '{"schema": "pipe.lock/1", "stages": {"a": {"cmd": "x"}, "a": {"cmd": "x"}}}'],
    ['a stage without a command', stage('{}')],
    ['a command that is a number', stage('{"cmd": 7}')],
    ['a dep without a digest', stage('{"cmd": "x", "deps": [{"path": "a", "size": 1}]}')],
    ['a digest that is a path', stage('{"cmd": "x", "deps": [{"path": "a", "size": 1, "digest": "../../x"}]}')],
    ['a negative size', stage(`{"cmd": "x", "deps": [{"path": "a", "size": -1, "digest": "${HEX}"}]}`)],
    ['a fraction of a byte', stage(`{"cmd": "x", "deps": [{"path": "a", "size": 1.0, "digest": "${HEX}"}]}`)],
    [
      'a number beyond counting',
      stage(`{"cmd": "x", "deps": [{"path": "a", "size": ${'9'.repeat(40)}, "digest": "${HEX}"}]}`),
    ],
    ['params in a list', stage('{"cmd": "x", "params": [1]}')],
    ['a value of the environment', stage('{"cmd": "x", "env": {"TOKEN": "hunter2"}}')],
    ['endless nesting', stage('['.repeat(100_000))],
    ['a number of a million digits', stage('9'.repeat(1_000_000))],
  ])('is refused by name: %s', (_, text) => {
    const read = (): unknown => parseLock(text, 'sub/pipeline.lock');
    expect(read).toThrow(PipeError);
    expect(read).toThrow(/^PIPE_LOCK_FORMAT cannot read sub\/pipeline\.lock: /);
  });

  test('never becomes anything but a lock, wherever it is cut or flipped', () => {
    fc.assert(
      fc.property(lock, fc.nat(), fc.constantFrom('', '"', '{', '}', '\\', '0', '\0'), (written, at, char) => {
        const text = lockText(written);
        const cut = at % text.length;
        try {
          parseLock(`${text.slice(0, cut)}${char}${text.slice(cut + 1)}`, 'pipeline.lock');
        } catch (error) {
          expect(error).toBeInstanceOf(PipeError);
        }
      }),
    );
  });
});

test('what lies at a path and its line in the lock stand for one another', () => {
  const size = 1;
  for (const kind of ['file', 'exec', 'link'] as const) {
    expect(entryOf(lockEntry('p', { kind, digest: HEX, size }))).toEqual({ kind, digest: HEX, size });
  }
  const dir = { kind: 'dir' as const, digest: HEX, size, files: 0 };
  expect(entryOf(lockEntry('p', dir))).toEqual(dir);
});
