import fc from 'fast-check';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { isWithin } from '../kit/path.ts';
import type { Blocker, Claim } from './claims.ts';
import { Claims, conflict } from './claims.ts';

const GONE = { ...thisOwner(), start: '1' };
let folder: string;
let ended: [string, readonly number[]][];

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'pipe-claims-')), 'claims');
  ended = [];
});
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true });
});

function open(owner = thisOwner()): Claims {
  const endOrphans = (runId: string, groups: readonly number[]): Promise<void> => {
    ended.push([runId, groups]);
    return Promise.resolve();
  };
  return new Claims({ root: folder, folder, owner, endOrphans });
}

function claim(stage: string, reads: readonly string[], writes: readonly string[]): Claim {
  return { stage, reads, writes };
}

const ignore = (): void => undefined;

describe('two claims', () => {
  test.each<[Claim, Claim, string | undefined]>([
    [claim('a', ['data'], []), claim('b', ['data'], []), undefined],
    [claim('a', ['data'], []), claim('b', [], ['data']), 'data'],
    [claim('a', ['data/x'], []), claim('b', [], ['data']), 'data/x'],
    [claim('a', ['data'], []), claim('b', [], ['data/x']), 'data'],
    [claim('a', [], ['data/x']), claim('b', [], ['data/y']), undefined],
    [claim('a', [], ['data']), claim('b', [], ['data-2']), undefined],
    [claim('a', ['.'], []), claim('b', [], ['data']), '.'],
    [claim('a', ['../shared'], []), claim('b', [], ['shared']), undefined],
  ])('%j and %j meet at %s', (a, b, path) => {
    expect(conflict(a, b)).toBe(path);
  });

  test('get along or not, whoever asks, as if every path were compared with every other', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('/'));
    const any = fc.record({
      stage: fc.constant('s'),
      reads: fc.array(path, { maxLength: 2 }),
      writes: fc.array(path, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(any, any, (a, b) => {
        const touch = (x: string, y: string): boolean => isWithin(x, y) || isWithin(y, x);
        const all = (c: Claim): [string, boolean][] => [...c.reads.map((each): [string, boolean] => [each, false]), ...c.writes.map((each): [string, boolean] => [each, true])]; // prettier-ignore
        const expected = all(a).some(([x, writesX]) =>
          all(b).some(([y, writesY]) => (writesX || writesY) && touch(x, y)),
        );
        expect([conflict(a, b) !== undefined, conflict(b, a) !== undefined]).toEqual([expected, expected]);
      }),
    );
  });
});

describe('processes', () => {
  test('on a disk that refuses get no claim, and take one back all the same', async () => {
    const claims = open();
    const release = await claims.acquire(claim('a', [], ['x']), ignore);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await expect(claims.acquire(claim('b', [], ['y']), ignore)).rejects.toMatchObject({ code: 'ENOTDIR' });
    release();
    rmSync(folder);
    await claims.acquire(claim('c', [], ['z']), ignore);
    expect(readdirSync(folder)).toEqual([`${claims.runId}.json`]);
    expect(JSON.parse(readFileSync(join(folder, `${claims.runId}.json`), 'utf8'))).toMatchObject({
      claims: [{ stage: 'c' }],
    });
  });

  test('wait for one another, say so once, and go on when the other is done', async () => {
    const [first, second] = [open(), open()];
    const release = await first.acquire(claim('make', [], ['out']), ignore);
    const blockers: Blocker[] = [];
    let isHeld = false;
    const waiting = second.acquire(claim('use', ['out/x'], []), (blocker) => blockers.push(blocker)).then((done) => { isHeld = true; return done; }); // prettier-ignore
    await sleep(300);
    expect(isHeld).toBe(false);
    expect(blockers).toMatchObject([{ stage: 'make', path: 'out/x', owner: thisOwner() }]);
    expect(existsSync(blockers[0]?.file ?? '')).toBe(true);
    release();
    (await waiting)();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('never hold claims at once that do not get along, however they are scheduled', async () => {
    const processes = [open(), open(), open()];
    const held = new Set<Claim>();
    const paths = ['a', 'a/x', 'a/y', 'b'];
    // A fixed pattern of claims: what varies from run to run is who comes first.
    const work = async (at: number): Promise<void> => {
      for (let round = 0; round < 8; round += 1) {
        const [read = 'a', write = 'b'] = [paths[(at + round) % 4], paths[(at * 2 + round * 3) % 4]];
        const wanted = claim(`${String(at)}.${String(round)}`, [read], round % 3 === 0 ? [] : [write]);
        const release = await (processes[at] ?? open()).acquire(wanted, ignore);
        for (const other of held) expect(conflict(wanted, other)).toBeUndefined();
        held.add(wanted);
        await sleep(1);
        held.delete(wanted);
        release();
      }
    };
    await Promise.all(processes.map((_, at) => work(at)));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('share what they only read', async () => {
    const releases = await Promise.all([open(), open()].map((each) => each.acquire(claim('s', ['data'], []), ignore)));
    expect(readdirSync(folder)).toHaveLength(2);
    for (const release of releases) release();
  });

  test('stop waiting when they are told to, and leave no claim behind', async () => {
    const release = await open().acquire(claim('make', [], ['out']), ignore);
    const stop = new AbortController();
    const waiting = open().acquire(claim('use', ['out'], []), () => { stop.abort('SIGINT'); }, stop.signal); // prettier-ignore
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(folder)).toHaveLength(1);
    release();
  });
});

describe('what a killed process left behind', () => {
  const leave = (text: string, owner = GONE): string => {
    const name = ownedName(owner);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.json`), text);
    return name;
  };
  const held = JSON.stringify({ schema: 'pipe.claims/1', groups: [1234], claims: [claim('make', [], ['out'])] });

  test('is ended before its claims are dropped', async () => {
    const name = leave(held);
    const release = await open().acquire(claim('use', ['out'], []), ignore);
    expect(ended).toEqual([[name, [1234]]]);
    release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is cleared away at the start of a run, without touching what others hold', async () => {
    leave(held);
    const other = leave(held, { ...thisOwner(), host: 'elsewhere' });
    await open().reap();
    expect(readdirSync(folder)).toEqual([`${other}.json`]);
  });

  test.each(['', '{"claims": [', 'null', '[]', '{"claims": 7, "groups": {}}', '{"claims": [null, {"stage": 1}]}'])(
    'may be damaged: %j',
    async (text) => {
      const name = leave(text);
      await open().reap();
      expect(ended).toEqual([[name, []]]);
    },
  );

  test('names no process group that would be everybody, or ourselves', async () => {
    leave('{"groups": [0, 1, -1, -7, 1.5, "9", 1e400, 77]}');
    await open().reap();
    expect(ended.map(([, groups]) => groups)).toEqual([[77]]);
  });
});

test('nothing is written before something is claimed, and nothing stays', async () => {
  const claims = open();
  await claims.reap();
  claims.close();
  expect(existsSync(folder)).toBe(false);
  const release = await claims.acquire(claim('s', [], ['out']), ignore);
  expect(readdirSync(folder)).toEqual([`${claims.runId}.json`]);
  release();
  expect(readdirSync(folder)).toEqual([]);
});
