import fc from 'fast-check';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import { loadXxh64 } from '../kit/xxhash.ts';
import type { LockBlock } from './block.ts';
import { blockText } from './block.ts';
import type { JournalEntry } from './journal.ts';
import { applyEntries, endedJournals, journalWriter, readJournals } from './journal.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function block(cmd: string): LockBlock {
  return { cmd, wdir: '.', deps: [], params: new Map(), env: new Map(), outs: [] };
}

function digestOf(each: LockBlock | undefined): Digest | null {
  return each === undefined ? null : blake3.hash(blockText(each));
}

interface Step {
  readonly time: number;
  readonly stage?: string;
  readonly from: string | undefined;
  readonly to: string;
}

function step({ time, stage = 's', from, to }: Step): JournalEntry {
  const before = digestOf(from === undefined ? undefined : block(from));
  return { time, lock: 'pipeline.lock', stage, before, block: blockText(block(to)) };
}

function write(entries: readonly JournalEntry[]): string {
  const writer = journalWriter(folder, thisOwner(), checksum);
  for (const entry of entries) writer.append(entry);
  writer.close();
  return join(folder, readdirSync(folder)[0] ?? '');
}

function read(): JournalEntry[] {
  return readJournals(folder, checksum).flatMap((file) => file.entries);
}

const ENTRIES = ['train', '__proto__', 'Grüße\n"\ud800'].map((stage, time) =>
  step({ time, stage, from: undefined, to: `run ${stage}` }),
);

describe('a journal', () => {
  test('gives back what was appended', () => {
    write(ENTRIES);
    expect(read()).toEqual(ENTRIES);
  });

  test('is made with the first entry, and anew after it was closed', () => {
    const writer = journalWriter(join(folder, 'deep/er'), thisOwner(), checksum);
    expect(readdirSync(folder)).toEqual([]);
    for (const entry of ENTRIES.slice(0, 2)) {
      writer.append(entry);
      writer.close();
    }
    writer.close();
    expect(readdirSync(join(folder, 'deep/er'))).toHaveLength(2);
    expect(readJournals(join(folder, 'absent'), checksum)).toEqual([]);
  });

  test('torn at any byte holds every entry before the tear, and nothing else', () => {
    const path = write(ENTRIES);
    const bytes = readFileSync(path);
    let longest = 0;
    for (let length = 0; length <= bytes.length; length += 1) {
      writeFileSync(path, bytes.subarray(0, length));
      const found = read();
      expect(found).toEqual(ENTRIES.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(longest);
      longest = found.length;
    }
    expect(longest).toBe(ENTRIES.length);
  });

  test('with a flipped byte loses the entries around it, and invents none', () => {
    const path = write(ENTRIES);
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, flipped);
      for (const entry of read()) expect(ENTRIES).toContainEqual(entry);
    }
  });

  test('of a newer version, or that is a folder, counts as empty', () => {
    const path = write(ENTRIES);
    writeFileSync(path, readFileSync(path, 'utf8').replace('pipe.journal/1', 'pipe.journal/2'));
    mkdirSync(join(folder, 'x.log'));
    expect(read()).toEqual([]);
  });

  test('of a stranger names no file but a lock inside the project', () => {
    const [entry] = ENTRIES;
    const locks = [
      '../pipeline.lock',
      '/etc/x.lock',
      'a/../../x.lock',
      '.git/x.lock',
      'a//x.lock',
      '',
      'data.csv',
      '.lock/',
      'a\0.lock',
    ];
    const wrong = [
      '{',
      'null',
      '7',
      '[]',
      JSON.stringify({ ...entry, time: '1' }),
      JSON.stringify({ ...entry, before: 'b3:x' }),
    ];
    const huge = JSON.stringify({ ...entry, time: 7 }).replace(':7', ':1e999');
    const texts = [...wrong, huge, ...locks.map((lock) => JSON.stringify({ ...entry, lock }))];
    writeFileSync(
      join(folder, 'x.log'),
      ['pipe.journal/1', ...texts.map((text) => `${checksum(text)} ${text}`), ''].join('\n'),
    );
    expect(read()).toEqual([]);
  });

  test('has ended if it is our own or its process is gone', () => {
    const owner = thisOwner();
    const others = [
      { ...owner, start: '1' },
      { ...owner, host: 'elsewhere' },
    ];
    for (const each of [owner, ...others])
      journalWriter(folder, each, checksum).append(step({ time: 1, from: undefined, to: 'x' }));
    writeFileSync(join(folder, 'foreign.log'), '');
    for (const path of endedJournals(folder, owner)) rmSync(path);
    expect(readdirSync(folder).map((name) => name.split('+')[0])).toEqual(['elsewhere', 'foreign.log']);
  });
});

describe('applying entries', () => {
  const commandOf = (lock: ReadonlyMap<string, LockBlock>, stage = 's'): unknown => lock.get(stage)?.cmd;
  const lockAt = (cmd: string | undefined): Map<string, LockBlock> =>
    new Map(cmd === undefined ? [] : [['s', block(cmd)]]);

  test('replaces block by block, in order of time', () => {
    const entries = [step({ time: 2, from: 'a', to: 'b' }), step({ time: 1, from: undefined, to: 'a' })];
    expect(commandOf(applyEntries(new Map(), entries, blake3))).toBe('b');
  });

  test('drops entries for another branch, and blocks that cannot be read', () => {
    const lock = lockAt('theirs');
    const broken: JournalEntry = {
      time: 2,
      lock: 'pipeline.lock',
      stage: 's',
      before: digestOf(block('theirs')),
      block: '{"cmd":',
    };
    expect(applyEntries(lock, [step({ time: 1, from: 'ours', to: 'x' }), broken], blake3)).toEqual(lock);
  });

  test('leaves the lock that it was given alone', () => {
    const lock = lockAt('a');
    applyEntries(lock, [step({ time: 1, from: 'a', to: 'b' })], blake3);
    expect(lock).toEqual(lockAt('a'));
  });

  // What several processes do to one stage, each from what it sees: commands may come back (a parameter is changed and
  // changed back). Whatever part of it the lock has seen already, all of it leads to the last one.
  const commands = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 });
  const history = commands.map((all) => all.filter((each, at) => each !== all[at - 1]));

  test('ends with the last run, however much of the journals is in the lock already', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(2)), fc.nat(), (runs, writers, seen) => {
        const steps = runs.map((to, at) => step({ time: at, from: runs[at - 1], to }));
        // Three journals, read in any order.
        const journals = [0, 1, 2].map((each) => steps.filter((_, at) => (writers[at] ?? 0) === each));
        const folded = seen % (runs.length + 1);
        const lock = lockAt(runs[folded - 1]);
        for (const entries of [journals.flat(), journals.reverse().flat()]) {
          expect(commandOf(applyEntries(lock, entries, blake3))).toBe(runs.at(-1));
        }
      }),
    );
  });

  test('can be done again and again', () => {
    fc.assert(
      fc.property(history, (runs) => {
        const steps = runs.map((to, at) => step({ time: at, from: runs[at - 1], to }));
        const once = applyEntries(new Map(), steps, blake3);
        expect(commandOf(applyEntries(once, steps, blake3))).toBe(commandOf(once));
      }),
    );
  });

  test('after a branch was switched gives a block of that branch or one that was made from it', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('a', 'b', 'c', 'other', undefined), (runs, branch) => {
        const steps = runs.map((to, at) => step({ time: at, from: runs[at - 1], to }));
        const result = commandOf(applyEntries(lockAt(branch), steps, blake3));
        if (branch === 'other') expect(result).toBe('other');
        else expect([branch, ...runs]).toContain(result);
      }),
    );
  });

  test('of one stage says nothing about another', () => {
    const entries = ['a', 'b', 'constructor'].map((stage, time) =>
      step({ time, stage, from: undefined, to: `run ${stage}` }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(entries), (some) => {
        const lock = applyEntries(new Map(), some, blake3);
        expect([...lock.keys()].sort()).toEqual(some.map(({ stage }) => stage).sort());
      }),
    );
  });
});
