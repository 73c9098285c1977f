import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeReason } from '../event/reason.ts';
import { buildGraph } from '../graph/graph.ts';
import { stageOf } from '../graph/stage.fixture.ts';
import type { Stage } from '../pipeline/model.ts';
import { unwrap } from '../problem/problem.ts';
import { openProject } from '../project/project.ts';
import { encodeTree } from '../store/tree.ts';
import { writeRunRecord } from '../store/run-record.ts';
import type { Engine } from './engine.ts';
import { openEngine } from './engine.ts';
import { gatherFacts, keyOf } from './facts.ts';
import { Pull } from './pull.ts';
import type { PullSource } from './pull-source.ts';
import { planProblems, survey } from './survey.ts';

let root: string;
beforeEach(() => {
  root = join(realpathSync(mkdtempSync(join(tmpdir(), 'pipe-survey-'))), 'project');
  mkdirSync(join(root, '.pipe'), { recursive: true });
});
afterEach(() => {
  rmSync(dirname(root), { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function open(stages: readonly Stage[], env: Readonly<Record<string, string>> = {}): Promise<Engine> {
  const surroundings = { cwd: root, env: { HOME: dirname(root), ...env } };
  return openEngine({
    project: openProject(surroundings),
    graph: unwrap(buildGraph(stages)),
    env: surroundings.env,
    emit: () => undefined,
  });
}

/** State and reasons of each stage. */
async function look(engine: Engine, options: Parameters<typeof survey>[2] = {}): Promise<Record<string, string[]>> {
  const plan = await survey(engine, new Set(engine.graph.order), options);
  return Object.fromEntries(
    [...plan].map(([name, { decision }]) => [name, [decision.state, ...decision.reasons.map(describeReason)]]),
  );
}

/** Records a stage as if it had run on what lies on the disk, and made what lies there. */
async function settle(engine: Engine, name: string): Promise<void> {
  const stage = engine.graph.stages.get(name);
  if (stage === undefined) throw new Error(name);
  const { inputs, outs } = await gatherFacts(engine, stage, {});
  if (inputs === undefined) throw new Error(`${name} has no inputs`);
  engine.locks.record(stage, {
    ...inputs,
    outs: [...outs.values()].flatMap((out) => (out.state === 'known' ? [out.entry] : [])),
  });
}

const first = stageOf('first', { deps: ['raw'], outs: ['data/a'] });
const second = stageOf('second', {
  deps: ['data/a'],
  params: [{ path: 'params.yaml', keys: ['lr'] }],
  outs: ['model'],
});

describe('a survey', () => {
  test('finds nothing to do after everything has run', async () => {
    write({ raw: 'r', 'data/a': 'a', model: 'm', 'params.yaml': 'lr: 1\n' });
    const engine = await open([second, first]);
    for (const name of ['first', 'second']) await settle(engine, name);
    expect(await look(engine)).toEqual({ first: ['fresh'], second: ['fresh'] });
  });

  test('says that a stage may run whose dep has yet to be made, and why', async () => {
    write({ raw: 'r', 'data/a': 'a', model: 'm', 'params.yaml': 'lr: 1\n' });
    const engine = await open([first, second]);
    for (const name of ['first', 'second']) await settle(engine, name);
    write({ raw: 'new', 'params.yaml': 'lr: 2\n' });
    expect(await look(engine)).toEqual({
      first: ['run', 'dep raw changed'],
      second: ['may-run', 'params.yaml: lr 1 → 2', 'first runs first'],
    });
  });

  test('names the stage that makes a folder, a matching file or a parameter file first', async () => {
    write({ raw: 'r' });
    const users = [
      stageOf('folder', { deps: ['data'], outs: ['x'] }),
      stageOf('inside', { deps: ['data/a/part'], outs: ['y'] }),
      stageOf('pattern', { deps: [{ path: 'data/*', glob: true }], outs: ['z'] }),
      stageOf('params', { params: ['data/a'], outs: ['w'] }),
    ];
    const plan = await look(await open([first, ...users]));
    for (const user of users) expect(plan[user.name]).toEqual(['may-run', 'it has not run before', 'first runs first']);
  });

  test('with --pull sees what another process puts in place while the remote is asked', async () => {
    write({ raw: 'r', 'data/a': 'a', model: 'm', 'params.yaml': 'lr: 1\n' });
    const engine = await open([first, second]);
    for (const name of ['first', 'second']) await settle(engine, name);
    rmSync(join(root, 'data'), { recursive: true });
    write({ 'params.yaml': 'lr: 2\n' });
    const source: PullSource = {
      tracked: [],
      ahead() {
        write({ 'data/a': 'a' });
        return Promise.resolve(0);
      },
      records: () => Promise.resolve(0),
      lack: () => Promise.resolve(undefined),
      lists: () => Promise.resolve(),
      list: () => Promise.resolve(),
      bring: () => Promise.resolve([]),
    };
    expect(await look(engine, { pull: new Pull(engine, source) })).toEqual({
      first: ['fresh'],
      second: ['run', 'params.yaml: lr 1 → 2'],
    });
  });

  test('takes for given what a finished run will bring back', async () => {
    write({ raw: 'r', 'params.yaml': 'lr: 1\n' });
    const folder = stageOf('pattern', { deps: [{ path: 'data/*', glob: true }], outs: ['z'] });
    const engine = await open([first, second, folder]);
    const outs = [{ path: 'data/a', digest: await engine.store.put('a'), size: 1 }];
    const key = keyOf(engine, await gatherFacts(engine, first, {}));
    if (key === undefined) throw new Error('no key');
    const run = { key, stage: 'first', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 5, log: null };
    writeRunRecord(engine.store, engine.blake3, { ...run, outs });
    expect(await look(engine)).toEqual({
      first: ['restore', 'the lock has no run of it'],
      second: ['run', 'it has not run before'],
      // What else matches is not looked for before the outs are there.
      pattern: ['may-run', 'it has not run before', 'first runs first'],
    });
    expect((await look(engine, { noRestore: true }))['first']?.[0]).toBe('run');
    rmSync(engine.store.layout.loose(outs[0]?.digest ?? key));
    expect((await look(await open([first, second])))['first']?.[0]).toBe('run');
  });

  test('restores no run whose record lists other outs than the stage has', async () => {
    write({ raw: 'r' });
    const two = stageOf('two', { deps: ['raw'], outs: ['a', 'b'] });
    const engine = await open([two]);
    const key = keyOf(engine, await gatherFacts(engine, two, {}));
    if (key === undefined) throw new Error('no key');
    const tree = await engine.store.put(encodeTree(new Map()));
    const out = { path: 'a', digest: tree, size: 0, files: 0 };
    for (const outs of [[], [out], [out, out], [out, { ...out, path: '../b' }]]) {
      writeRunRecord(engine.store, engine.blake3, {
        key,
        stage: 'x',
        startedAt: '2026-01-01T00:00:00.000Z',
        durationMs: 1,
        log: null,
        outs,
      });
      expect((await look(engine))['two']?.[0]).toBe('run');
    }
  });

  test('skips what needs a stage whose condition is false', async () => {
    const never = { ...first, when: { source: 'false', holds: false } };
    expect(await look(await open([never, second]))).toEqual({ first: ['skip'], second: ['skip'] });
  });

  test('counts what is missing as what was recorded, when asked to', async () => {
    write({ raw: 'r', 'data/a': 'a' });
    const engine = await open([first]);
    await settle(engine, 'first');
    rmSync(join(root, 'raw'));
    rmSync(join(root, 'data'), { recursive: true });
    expect(await look(engine, { allowMissing: true })).toEqual({ first: ['fresh'] });
    expect(await look(engine)).toEqual({ first: ['run', 'dep raw is missing', 'out data/a is missing'] });
  });
});

describe('a pattern', () => {
  const stage = stageOf('s', { deps: [{ path: 'in/*.csv', glob: true }], outs: ['x'] });

  test('depends on the paths and bytes of the files that match, and on no other file', async () => {
    write({ 'in/a.csv': 'A', 'in/b.csv': 'B', 'in/sub/c.csv': 'C', 'in/n.txt': 'n', x: 'x' });
    const engine = await open([stage]);
    await settle(engine, 's');
    write({ 'in/n.txt': 'other', 'in/sub/c.csv': 'other' });
    expect(await look(engine)).toEqual({ s: ['fresh'] });
    const changes = [
      { 'in/a.csv': 'B', 'in/b.csv': 'A' },
      { 'in/a.csv': 'A', 'in/b.csv': 'B', 'in/new.csv': '' },
    ];
    for (const change of changes) {
      write(change);
      expect(await look(engine)).toEqual({ s: ['run', 'dep in/*.csv changed'] });
    }
    rmSync(join(root, 'in/new.csv'));
    expect(await look(engine)).toEqual({ s: ['fresh'] });
    rmSync(join(root, 'in'), { recursive: true });
    expect(await look(engine)).toEqual({ s: ['run', 'dep in/*.csv is missing'] });
  });

  test('may lead outside the project, and finds no name that is not UTF-8 by silence', async () => {
    const outside = join(dirname(root), 'shared');
    write({ '../shared/a.csv': 'A', x: 'x' });
    for (const path of [`${outside}/*.csv`, '../shared/*.csv']) {
      const far = stageOf('far', { deps: [{ path, glob: true }], outs: ['x'] });
      const engine = await open([far]);
      expect((await gatherFacts(engine, far, {})).deps.get(path)).toMatchObject({
        state: 'known',
        entry: { files: 1, size: 1 },
      });
    }
    mkdirSync(join(root, 'in'));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/in/`), Buffer.from([0xe9]), Buffer.from('.csv')]), '');
    await expect(look(await open([stage]))).rejects.toThrow(/PIPE_NAME_NOT_UTF8/);
  });
});

describe('what is bound to fail', () => {
  test('is said of each stage before anything runs', async () => {
    write({ 'params.yaml': 'lr: 1\n' });
    const stage = stageOf('s', {
      deps: ['absent', { path: 's3://bucket/x', url: true }, { path: 'no/*', glob: true }],
      params: [{ path: 'params.yaml', keys: ['lr', 'constructor', 'depth'] }],
      outs: ['x'],
      secrets: ['TOKEN', 'toString'],
    });
    const engine = await open([stage], { TOKEN: 't' });
    const plan = await survey(engine, new Set(['s']), {});
    expect((planProblems(engine, plan).get('s') ?? []).map(({ code, message }) => `${code} ${message}`)).toEqual([
      'PIPE_DEP_MISSING "s" needs absent: no stage makes it and it is not on disk',
      'PIPE_DEP_MISSING "s" needs s3://bucket/x: a stage cannot depend on a URL',
      'PIPE_DEP_MISSING "s" needs no/*: no stage makes it and no file matches',
      'PIPE_PARAM_MISSING "s" asks for constructor, depth, which params.yaml does not have',
      'PIPE_SECRET_MISSING "s" wants the secret toString, which is not set',
    ]);
  });

  test('is nothing for a stage that is skipped or frozen', async () => {
    const frozen = stageOf('s', { deps: ['absent'], outs: ['x'], frozen: true });
    const engine = await open([frozen]);
    expect(planProblems(engine, await survey(engine, new Set(['s']), {})).size).toBe(0);
  });
});

test('the environment counts by digest, and what every object inherits is not set', async () => {
  const stage = stageOf('s', { env: new Map([['SET', 'v']]), envDeps: ['GIVEN', 'toString', '__proto__'] });
  const engine = await open([stage], { GIVEN: 'secret' });
  const { env } = await gatherFacts(engine, stage, {});
  const unset = engine.blake3.hash('unset');
  expect([env.get('toString'), env.get('__proto__')]).toEqual([unset, unset]);
  expect(env.get('GIVEN')).not.toBe(env.get('SET'));
  expect(JSON.stringify([...env])).not.toContain('secret');
});
