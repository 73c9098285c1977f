import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../remote/fixture/share.ts';
import { beginParts, endParts, forgetParts, openPartialOuts } from './partial-outs.ts';

/** The out `out` is recorded with these files. */
const RECORDED = ['a', 'b', 'c'];

interface Place {
  readonly root: string;
  readonly pipeDir: string;
}

function newPlace(start: 'absent' | 'whole'): Place {
  const root = temporaryFolder();
  if (start === 'whole') for (const name of RECORDED) put({ root }, name);
  return { root, pipeDir: join(root, '.pipe') };
}

function put({ root }: Pick<Place, 'root'>, name: string): void {
  mkdirSync(dirname(join(root, 'out', name)), { recursive: true });
  writeFileSync(join(root, 'out', name), name);
}

type Step = (place: Place) => void;

/** What a checkout of one file of the out does, step by step. */
function checkoutOf(below: string): Step[] {
  const part = { path: 'out', below };
  return [
    (place) => { beginParts(place, [{ ...part, makes: true }]); }, // prettier-ignore
    ({ root }) => { rmSync(join(root, 'out', below), { force: true }); }, // prettier-ignore
    (place) => {
      put(place, below);
      endParts(place, [part], []);
    },
  ];
}

/** The same where the store lacks the file. */
function lostCheckoutOf(below: string): Step[] {
  const part = { path: 'out', below };
  return [
    (place) => { beginParts(place, [{ ...part, makes: true }]); }, // prettier-ignore
    (place) => { endParts(place, [], [part]); }, // prettier-ignore
  ];
}

/** Every order in which the steps of two processes may come. */
function interleavings(a: readonly Step[], b: readonly Step[]): Step[][] {
  const [[firstOfA, ...restOfA], [firstOfB, ...restOfB]] = [a, b];
  if (firstOfA === undefined) return [[...b]];
  if (firstOfB === undefined) return [[...a]];
  return [
    ...interleavings(restOfA, b).map((rest) => [firstOfA, ...rest]),
    ...interleavings(a, restOfB).map((rest) => [firstOfB, ...rest]),
  ];
}

function lacks({ root }: Place): boolean {
  return existsSync(join(root, 'out')) && RECORDED.some((name) => !existsSync(join(root, 'out', name)));
}

function isPartial(place: Place): boolean {
  return openPartialOuts(place).has('out');
}

describe('two processes that put parts of one out in place, in whatever order', () => {
  test.for([0, 1, 2, 3])('of which one is killed after %i steps, leave no part for the whole', (steps) => {
    for (const start of ['absent', 'whole'] as const) {
      for (const order of interleavings(checkoutOf('a').slice(0, steps), checkoutOf('b'))) {
        const place = newPlace(start);
        for (const step of order) {
          step(place);
          if (lacks(place)) expect(isPartial(place)).toBe(true);
        }
        const isKilledOver = steps > 0 && steps < 3;
        expect(isPartial(place)).toBe(start === 'absent' || isKilledOver);
        for (const step of checkoutOf('a')) step(place);
        expect(isPartial(place)).toBe(start === 'absent');
      }
    }
  });

  test('of which one finds nothing to put there, leave what the other one put, as a part', () => {
    for (const order of interleavings(lostCheckoutOf('a'), checkoutOf('b'))) {
      const place = newPlace('absent');
      for (const step of order) step(place);
      expect([existsSync(join(place.root, 'out/b')), isPartial(place)]).toEqual([true, true]);
    }
  });

  test('that find nothing to put there leave no folder behind', () => {
    for (const order of interleavings(lostCheckoutOf('a'), lostCheckoutOf('b'))) {
      const place = newPlace('absent');
      for (const step of order) step(place);
      expect(existsSync(join(place.root, 'out'))).toBe(false);
    }
  });
});

test('a folder that was about to be made when a process was killed is a part', () => {
  const place = newPlace('absent');
  for (const step of checkoutOf('a').slice(0, 1)) step(place);
  rmSync(join(place.root, 'out'), { recursive: true });
  const file = join(place.pipeDir, 'tmp/partial-outs.json');
  const noted = { schema: 'pipe.partial-outs/2', folders: { out: { folder: '', parts: [''] } } };
  writeFileSync(file, JSON.stringify(noted));
  expect(isPartial(place)).toBe(false);
  put(place, 'b');
  expect(isPartial(place)).toBe(true);
  forgetParts(place, ['out']);
  expect(isPartial(place)).toBe(false);
});

test('what is put in place as a whole brings all that lies inside it, and no more', () => {
  const place = newPlace('whole');
  const begin = (below: string): void => { beginParts(place, [{ path: 'out', below, makes: true }]); }; // prettier-ignore
  for (const below of ['d/x', 'd/y/z', 'dd']) begin(below);
  endParts(place, [{ path: 'out', below: 'd' }], []);
  expect(isPartial(place)).toBe(true);
  endParts(place, [{ path: 'out', below: 'dd' }], []);
  expect(isPartial(place)).toBe(false);
});

test('a file that makes no sense counts for nothing, and is written anew', () => {
  for (const text of ['', '{', '[]', '{"schema":"pipe.partial-outs/2","folders":{"out":{"folder":1,"parts":[2]}}}']) {
    const place = newPlace('whole');
    mkdirSync(join(place.pipeDir, 'tmp'), { recursive: true });
    writeFileSync(join(place.pipeDir, 'tmp/partial-outs.json'), text);
    expect(isPartial(place)).toBe(false);
    beginParts(place, [{ path: 'out', below: 'a', makes: true }]);
    expect(isPartial(place)).toBe(true);
  }
});
