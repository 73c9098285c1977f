import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import type { LockBlock } from './block.ts';
import { hasMarks, sidesOf, stagesBetweenMarks } from './conflict.ts';
import type { Lock } from './lock.ts';
import { lockText, parseLock } from './lock.ts';
import type { MergeTexts } from './merge.ts';
import { mergeLocks } from './merge.ts';

const DIGEST = `b3:${'0'.repeat(64)}` as Digest;
const options = { shown: 'pipeline.lock' };

/** Few enough blocks and names for sides to agree, differ and lack each other's stages. */
function blockOf(number: number): LockBlock {
  const entry = { path: 'x', digest: DIGEST, size: number };
  const outs = number === 0 ? [] : [entry];
  return { cmd: 'run', wdir: '.', deps: [], params: new Map(), env: new Map(), outs };
}
const name = fc.constantFrom('a', 'b', 'c', '__proto__', '<<<<<<< ours', '"');
const lock: fc.Arbitrary<Lock> = fc
  .array(fc.tuple(name, fc.nat(2).map(blockOf)), { maxLength: 5 })
  .map((pairs) => new Map(pairs));
const sides = fc.record({ ancestor: lock, ours: lock, theirs: lock });

function textsOf(locks: { ancestor: Lock; ours: Lock; theirs: Lock }): MergeTexts {
  return { ancestor: lockText(locks.ancestor), ours: lockText(locks.ours), theirs: lockText(locks.theirs) };
}

function lockOf(stages: Readonly<Record<string, number>>): string {
  return lockText(new Map(Object.entries(stages).map(([stage, number]) => [stage, blockOf(number)])));
}

function swapped({ ancestor, ours, theirs }: MergeTexts): MergeTexts {
  return { ancestor, ours: theirs, theirs: ours };
}

describe('a merge of locks', () => {
  test('is the same in either order, up to the order of the sides between marks', () => {
    fc.assert(
      fc.property(sides, (locks) => {
        const [one, other] = [mergeLocks(textsOf(locks), options), mergeLocks(swapped(textsOf(locks)), options)];
        expect(other.conflicts).toEqual(one.conflicts);
        const split = sidesOf(other.text);
        expect(sidesOf(one.text)).toEqual({ ours: split?.theirs, theirs: split?.ours });
      }),
    );
  });

  test('with a side that changed nothing is the other side', () => {
    fc.assert(
      fc.property(lock, lock, (ancestor, changed) => {
        const texts = textsOf({ ancestor, ours: ancestor, theirs: changed });
        const merged = { text: lockText(changed), conflicts: [] };
        expect(mergeLocks(texts, options)).toEqual(merged);
        expect(mergeLocks(swapped(texts), options)).toEqual(merged);
      }),
    );
  });

  test('is a lock, or has marks between which each side is a lock', () => {
    fc.assert(
      fc.property(sides, (locks) => {
        const { text, conflicts } = mergeLocks(textsOf(locks), options);
        expect(hasMarks(text)).toBe(conflicts.length > 0);
        const { ours = '', theirs = '' } = sidesOf(text) ?? {};
        for (const side of [ours, theirs]) expect(() => parseLock(side, 'side')).not.toThrow();
        if (conflicts.length > 0) expect(() => parseLock(text, 'pipeline.lock')).toThrow(/PIPE_LOCK_FORMAT.*marks/);
      }),
    );
  });

  test('takes each stage from the side that changed it, and keeps both where both did', () => {
    fc.assert(
      fc.property(sides, (locks) => {
        const { text, conflicts } = mergeLocks(textsOf(locks), options);
        const split = sidesOf(text);
        const merged = { ours: parseLock(split?.ours ?? '', ''), theirs: parseLock(split?.theirs ?? '', '') };
        for (const stage of new Set([...locks.ancestor.keys(), ...locks.ours.keys(), ...locks.theirs.keys()])) {
          const [before, our, their] = [locks.ancestor, locks.ours, locks.theirs].map((each) => each.get(stage));
          const isConflict = conflicts.includes(stage);
          expect(isConflict).toBe([before, our, their].every((a, at, all) => all.every((b, to) => at === to || !same(a, b)))); // prettier-ignore
          const taken = same(before, our) ? their : our;
          expect(merged.ours.get(stage)).toEqual(isConflict ? our : taken);
          expect(merged.theirs.get(stage)).toEqual(isConflict ? their : taken);
        }
      }),
    );
  });

  test('shows the one stage that both changed, and problems name it', () => {
    const texts = {
      ancestor: lockOf({ a: 0, b: 0, c: 0 }),
      ours: lockOf({ a: 1, b: 1, c: 0 }),
      theirs: lockOf({ a: 0, b: 2, c: 2 }),
    };
    const { text, conflicts } = mergeLocks(texts, options);
    expect(conflicts).toEqual(['b']);
    const [before = '', ours = '', theirs = '', after = ''] = text.split(/^(?:<{7} ours|={7}|>{7} theirs)\n/m);
    expect([before, ours, theirs, after].map((part) => part.match(/^ {4}"."(?=:)/gm)?.join() ?? '')).toEqual([
      '    "a"',
      '    "b"',
      '    "b"',
      '    "c"',
    ]);
    expect(ours).toContain('"size":1');
    expect(theirs).toContain('"size":2');
    expect(() => parseLock(text, 'pipeline.lock')).toThrow(/marks of a Git merge, around "b"/);
  });

  test('keeps the commas right for either side when one of them took the last stage out', () => {
    const texts = { ancestor: lockOf({ a: 0, b: 0 }), ours: lockOf({ a: 0 }), theirs: lockOf({ a: 0, b: 1 }) };
    const { text, conflicts } = mergeLocks(texts, options);
    expect(conflicts).toEqual(['b']);
    expect(sidesOf(text)).toEqual({ ours: texts.ours, theirs: texts.theirs });
    expect(stagesBetweenMarks(text)).toEqual(['b']);
    expect(text.match(/"a"/g)).toHaveLength(1);
  });

  test('without an ancestor takes what either side added', () => {
    const texts = { ancestor: '', ours: lockOf({ a: 1 }), theirs: lockOf({ b: 2 }) };
    expect(mergeLocks(texts, options)).toEqual({ text: lockOf({ a: 1, b: 2 }), conflicts: [] });
  });

  test('decides what it can when the ancestor is itself a merge with conflicts', () => {
    const stages = { ancestor: lockOf({ a: 0, b: 0 }), ours: lockOf({ a: 1, b: 0 }), theirs: lockOf({ a: 2, b: 0 }) };
    const ancestor = mergeLocks(stages, { ...options, markSize: 9 }).text;
    expect(ancestor).toMatch(/^<{9} ours$/m);
    const ours = lockOf({ a: 1, b: 1 });
    expect(mergeLocks({ ancestor, ours, theirs: lockOf({ a: 1, b: 0, c: 0 }) }, options)).toEqual({
      text: lockOf({ a: 1, b: 1, c: 0 }),
      conflicts: [],
    });
    expect(mergeLocks({ ancestor, ours, theirs: lockOf({ a: 2, b: 0 }) }, options).conflicts).toEqual(['a']);
  });

  test('refuses a side that is no lock', () => {
    const texts = { ancestor: lockOf({}), ours: lockOf({ a: 0 }), theirs: '{"schema":"pipe.lock/9"}' };
    expect(() => mergeLocks(texts, options)).toThrow(/PIPE_LOCK_FORMAT/);
  });
});

function same(a: LockBlock | undefined, b: LockBlock | undefined): boolean {
  return JSON.stringify(a?.outs) === JSON.stringify(b?.outs);
}
