import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildGraph } from '../../graph/graph.ts';
import { stageOf } from '../../graph/stage.fixture.ts';
import type { Inputs } from '../../run/inputs.ts';
import type { Engine } from '../../run/engine.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { Entry } from '../../store/tree.ts';
import { checkout } from '../checkout.ts';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from '../project.fixture.ts';
import { selectTracked } from '../select.ts';
import { trackedThings } from '../tracked.ts';
import { noteParts } from './base-edits.ts';
import { openBases } from './bases.ts';
import { lookAtInputs } from './inputs.ts';

const { signal } = new AbortController();

let base: string;
let root: string;
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'pipe-base-races-'));
  root = newProject(base);
  write(root, { 'd/a': '1', 'd/b': '1' });
  await addAt(root, ['d']);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const dataPointer = (): string => readFileSync(join(root, 'd.pipe'), 'utf8');

/** What a base holds of a path of the folder. */
function known(engine: Engine, below: string): Entry | undefined {
  const folder = openBases(engine.project).get('d');
  return folder && entryAt(engine.store, folder, below);
}

/** A run of a stage that reads the folder looks at what it reads. */
async function lookFromRun(): Promise<Inputs> {
  const graph = buildGraph([stageOf('use', { deps: ['d'] })]);
  if (!graph.ok) throw new Error('no graph');
  const engine = { ...(await engineAt(root)), graph: graph.value };
  return lookAtInputs(engine, { pointerFiles: ['d.pipe'], selected: new Set(['use']), signal });
}

test('a run that records what it reads knows what another process has recorded since it looked', async () => {
  write(root, { 'd/b': 'changed' });
  const inputs = await lookFromRun();
  expect(inputs.changed).toMatchObject([{ path: 'd' }]);
  write(root, { 'd/a': '2' });
  await addAt(root, ['d']);
  // As the run saw it first, and changed all the same.
  write(root, { 'd/a': '1', 'd/b': 'changed again' });
  const before = dataPointer();
  expect(await inputs.record(signal, () => undefined)).toEqual([join(root, 'd.pipe')]);
  expect(dataPointer()).not.toBe(before);
  expect(await checkoutAt(root), 'all that lies there is recorded').toMatchObject([{ state: 'unchanged' }]);
});

test('what a checkout puts in place is noted before anybody else can work on it', async () => {
  const engine = await engineAt(root);
  rmSync(join(root, 'd'), { recursive: true });
  const acquire = engine.claims.acquire.bind(engine.claims);
  const noted: unknown[] = [];
  engine.claims.acquire = async (...claim): Promise<() => void> => {
    const release = await acquire(...claim);
    return () => {
      noted.push(known(engine, 'a')?.size);
      release();
    };
  };
  const tracked = trackedThings({ stages: [], pointers: pointersOf(engine) }, engine.locks);
  const selected = selectTracked([], { tracked, root, cwd: root });
  if (!selected.ok) throw new Error('nothing is selected');
  await checkout(engine, selected.value, { links: engine.links, signal });
  expect(noted).toEqual([1]);
});

test('of two processes that put parts of one folder in place at once, both parts are noted', async () => {
  const [pointer] = pointersOf(await engineAt(root));
  const bases = openBases((await engineAt(root)).project);
  bases.drop('d');
  bases.save();
  await Promise.all(
    ['a', 'b'].map(async (name) => {
      const engine = await engineAt(root);
      const entry = entryAt(engine.store, pointer!.entry, name);
      await noteParts(engine, { path: 'd', edits: [{ path: name, entry }], isNew: true });
    }),
  );
  const engine = await engineAt(root);
  expect(openBases(engine.project).isPartial('d')).toBe(true);
  expect([known(engine, 'a')?.size, known(engine, 'b')?.size]).toEqual([1, 1]);
});
