import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeReason } from '../event/reason.ts';
import { stageKey } from '../fingerprint/stage.ts';
import type { StageSketch } from '../graph/stage.fixture.ts';
import { stageOf } from '../graph/stage.fixture.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import type { LockBlock, LockEntry } from '../lockfile/block.ts';
import type { RunRecord } from '../store/run-record.ts';
import type { SeenPath, StageFacts } from './facts.ts';
import type { Circumstances, Decision } from './plan.ts';
import { decide } from './plan.ts';

const blake3 = await loadBlake3();

function entry(path: string, bytes = 'bytes'): LockEntry {
  return { path, digest: blake3.hash(bytes), size: 1 };
}

function known(path: string, bytes?: string): [string, SeenPath] {
  return [path, { state: 'known', entry: entry(path, bytes) }];
}

const recorded: LockBlock = {
  cmd: 'make train',
  wdir: '.',
  deps: [entry('data')],
  params: new Map([['params.yaml', new Map<string, Value>([['lr', 0.5]])]]),
  env: new Map([['THREADS', blake3.hash('4')]]),
  outs: [entry('model')],
};

/** A stage that is as its last run recorded it, but for what is said. */
function facts(change: Partial<StageFacts> = {}, sketch: StageSketch = {}): StageFacts {
  return {
    stage: stageOf('train', { deps: ['data'], params: ['params.yaml'], outs: ['model'], ...sketch }),
    recorded,
    deps: new Map([known('data')]),
    params: new Map([['params.yaml', new Map<string, Value>([['lr', 0.5]])]]),
    env: new Map([['THREADS', blake3.hash('4')]]),
    outs: new Map([known('model')]),
    wdir: '.',
    ...change,
  };
}

function plan(given: StageFacts, more: Partial<Circumstances> = {}): Decision {
  return decide(given, { before: [], options: {}, findRecord: () => undefined, ...more });
}

function without<T>(key: 'recorded', given: T): T {
  const copy = { ...given };
  delete (copy as Record<string, unknown>)[key];
  return copy;
}

const params = (values: ValueMap): StageFacts['params'] => new Map([['params.yaml', values]]);
const run: RunRecord = { key: blake3.hash('key'), stage: 'train', startedAt: '', durationMs: 1, outs: [], log: null };

test('a stage that is as its last run recorded it is fresh', () => {
  expect(plan(facts())).toEqual({ state: 'fresh', reasons: [] });
});

describe('a stage runs when', () => {
  const missing: SeenPath = { state: 'missing' };
  test.each<[string, StageFacts, readonly string[]]>([
    ['it has not run before', without('recorded', facts()), ['it has not run before']],
    ['its command changes', facts({}, { cmd: 'make it' }), ['its command changed']],
    [
      'a command of two lines becomes two commands',
      facts({ recorded: { ...recorded, cmd: ['a\nb'] } }, { cmd: ['a', 'b'] }),
      ['its command changed'],
    ],
    ['its working folder changes', facts({ wdir: 'sub' }), ['its working folder changed from . to sub']],
    ['a dep changes', facts({ deps: new Map([known('data', 'new')]) }), ['dep data changed']],
    ['a dep is missing', facts({ deps: new Map([['data', missing]]) }), ['dep data is missing']],
    ['a dep is added', facts({ deps: new Map([known('data'), known('toString')]) }), ['dep toString was added']],
    ['a dep is removed', facts({ deps: new Map() }), ['dep data is no longer listed']],
    [
      'a dep is renamed',
      facts({ deps: new Map([known('Data')]) }),
      ['dep Data was added', 'dep data is no longer listed'],
    ],
    ['a parameter changes', facts({ params: params(new Map([['lr', 0.25]])) }), ['params.yaml: lr 0.5 → 0.25']],
    ['a parameter is added', facts({ params: params(new Map<string, Value>([['lr', 0.5], ['constructor', 1n]])) }), ['params.yaml: constructor (absent) → 1']], // prettier-ignore
    ['a parameter goes', facts({ params: params(new Map()) }), ['params.yaml: lr 0.5 → (absent)']],
    [
      'a parameter is not in its file',
      facts({ params: new Map([['params.yaml', new Map([['lr', undefined]])]]) }),
      ['params.yaml: lr 0.5 → (absent)'],
    ],
    ['a parameter file is no longer listed', facts({ params: new Map() }), ['params.yaml: lr 0.5 → (absent)']],
    [
      'an environment variable changes',
      facts({ env: new Map([['THREADS', blake3.hash('8')]]) }),
      ['environment variable THREADS changed'],
    ],
    [
      'an environment variable is added',
      facts({ env: new Map([...facts().env, ['__proto__', blake3.hash('x')]]) }),
      ['environment variable __proto__ was added'],
    ],
    ['an environment variable goes', facts({ env: new Map() }), ['environment variable THREADS is no longer listed']],
    ['an out was changed', facts({ outs: new Map([known('model', 'edited')]) }), ['out model changed']],
    ['an out is missing', facts({ outs: new Map([['model', missing]]) }), ['out model is missing']],
    ['an out is added', facts({ outs: new Map([known('model'), ['log', missing]]) }), ['out log was added']],
    ['an out is removed', facts({ outs: new Map() }), ['out model is no longer listed']],
  ])('%s', (_, given, reasons) => {
    const { state, reasons: found } = plan(given);
    expect([state, found.map(describeReason)]).toEqual(['run', reasons]);
  });

  test('a run is forced, or it is marked always_changed, whatever is recorded', () => {
    const findRecord = (): RunRecord => run;
    expect(plan(facts(), { options: { force: true }, findRecord })).toEqual({
      state: 'run',
      reasons: [{ kind: 'forced' }],
    });
    expect(plan(facts({}, { alwaysChanged: true }), { findRecord })).toEqual({
      state: 'run',
      reasons: [{ kind: 'always-changed' }],
    });
  });
});

describe('a parameter', () => {
  const change = (before: Value, after: Value): string[] => {
    const block = { ...recorded, params: new Map([['params.yaml', new Map([['p', before]])]]) };
    return plan(facts({ recorded: block, params: params(new Map([['p', after]])) })).reasons.map(describeReason);
  };

  test('is told apart by its kind: 2 is neither 2.0 nor "2"', () => {
    expect(change(2n, 2)).toEqual(['params.yaml: p 2 → 2.0']);
    expect(change(2n, '2')).toEqual(['params.yaml: p 2 → "2"']);
    expect([change(NaN, NaN), change(10n ** 30n, 10n ** 30n)]).toEqual([[], []]);
    expect(change(0, -0)).toEqual(['params.yaml: p 0.0 → -0.0']);
  });

  test('that is a map names the keys inside it that differ, and no others', () => {
    const tree = (lr: Value): ValueMap => new Map<string, Value>([['opt', new Map<string, Value>([['lr', lr], ['name', 'adam']])]]); // prettier-ignore
    expect(change(tree(1n), tree(2n))).toEqual(['params.yaml: p.opt.lr 1 → 2']);
    expect(change(tree(1n), new Map([...tree(1n)].reverse()))).toEqual([]);
  });
});

describe('a stage that would run', () => {
  const changed = facts({ deps: new Map([known('data', 'new')]) });

  test('is restored from a finished run with the same key', () => {
    expect(plan(changed, { findRecord: () => run })).toMatchObject({ state: 'restore', record: run });
    expect(plan(without('recorded', facts()), { findRecord: () => run }).state).toBe('restore');
  });

  test('is not restored when asked not to be, and a record is not even looked for when it is fresh', () => {
    expect(plan(changed, { findRecord: () => run, options: { noRestore: true } }).state).toBe('run');
    const never = (): never => {
      throw new Error('looked');
    };
    expect(plan(facts(), { findRecord: never }).state).toBe('fresh');
  });

  test('only may run while a dep or a parameter file has yet to be made, and names the stage that makes it', () => {
    const unknown: SeenPath = { state: 'unknown', maker: 'prepare' };
    const byDep = facts({ deps: new Map([['data', unknown]]) });
    const byParam = facts({ params: new Map([['params.yaml', { maker: 'prepare' }]]) });
    for (const given of [byDep, byParam, facts({ deps: byDep.deps, params: byParam.params })]) {
      expect(plan(given, { findRecord: () => run })).toEqual({
        state: 'may-run',
        reasons: [{ kind: 'upstream', stage: 'prepare' }],
      });
    }
    expect(plan(byDep, { options: { force: true } }).state).toBe('run');
  });
});

describe('a stage never runs when', () => {
  const changed = without('recorded', facts());

  test('its condition is false, or it needs a stage whose condition is', () => {
    const never = { ...changed, stage: { ...changed.stage, when: { source: 'false', holds: false } } };
    expect(plan(never, { options: { force: true } })).toEqual({ state: 'skip', reasons: [] });
    expect(plan(changed, { before: ['fresh', 'skip'] }).state).toBe('skip');
    expect(plan({ ...never, stage: { ...changed.stage, when: { source: 'true', holds: true } } }).state).toBe('run');
  });

  test('it is frozen, even by force', () => {
    const frozen = { ...changed, stage: { ...changed.stage, frozen: true } };
    expect(plan(frozen, { options: { force: true } })).toEqual({ state: 'frozen', reasons: [] });
  });

  test('it is frozen; outs that are gone come back all the same, if they are kept', () => {
    const gone = { ...facts(), outs: new Map([['model', { state: 'missing' as const }]]) };
    const frozen = { ...gone, stage: { ...gone.stage, frozen: true } };
    expect(plan(frozen).state).toBe('frozen');
    expect(plan(frozen, { findRecord: () => run }).state).toBe('restore');
    expect(plan(frozen).reasons).toEqual([{ kind: 'out', path: 'model', change: 'missing' }]);
  });
});

describe('a stage key', () => {
  const { outs, ...inputs } = recorded;
  const keyOf = (change: Partial<LockBlock>, paths = outs.map((out) => out.path)): Digest =>
    stageKey({ ...inputs, ...change }, paths, blake3);

  test('is another one for every other command, folder, dep, parameter, environment and out', () => {
    const deps = [entry('a', 'A'), entry('b', 'B')];
    const keys = [
      keyOf({}),
      keyOf({ cmd: 'x' }),
      keyOf({ cmd: 'make\ntrain' }),
      keyOf({ wdir: 'sub' }),
      keyOf({ deps: [] }),
      keyOf({ deps }),
      keyOf({ deps: [entry('a', 'B'), entry('b', 'A')] }),
      keyOf({ params: new Map() }),
      keyOf({ params: params(new Map([['lr', '0.5']])) as LockBlock['params'] }),
      keyOf({ env: new Map() }),
      keyOf({}, ['model', 'log']),
      keyOf({}, ['Model']),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('is the same in whatever order deps and outs are listed, and however a command is written', () => {
    const deps = [entry('b'), entry('a'), entry('__proto__')];
    fc.assert(
      fc.property(fc.shuffledSubarray(deps, { minLength: 3 }), (some) => {
        expect(keyOf({ deps: some }, ['y', 'x'])).toBe(keyOf({ deps }, ['x', 'y']));
      }),
    );
    expect(keyOf({ cmd: 'a\n\nb\r\n' })).toBe(keyOf({ cmd: ['a', 'b'] }));
  });
});
