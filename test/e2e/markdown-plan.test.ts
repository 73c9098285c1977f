import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { startProject, succeed } from './share/project.ts';

const STAGES = {
  prepare: { cmd: 'cp in prepared', deps: ['in'], outs: ['prepared'] },
  'train|x': { cmd: 'cat prepared > model', deps: ['prepared', 'rate'], outs: ['model'] },
  report: { cmd: 'cp in report', deps: ['in'], outs: ['report'] },
};

/** A project that has run, of which `train` is to run again. */
async function start(rig: Rig): Promise<void> {
  await startProject(rig, { in: '1\n', rate: '1\n', 'pipeline.yaml': { stages: STAGES } });
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
}

const CHANGED = `**Changed**: 1 will run, 2 up to date.

| Stage | State | Why |
| --- | --- | --- |
| \`train\\|x\` | will run | \`dep rate changed\` |
`;
const FRESH = '**Everything is up to date**: 3 up to date.\n';

test('status --md prints a table of the stages that are not up to date, and of those alone', async ({ rig }) => {
  await start(rig);
  expect((await succeed(rig, ['status', '--md'])).stdout).toBe(FRESH);
  await rig.write({ rate: '2\n' });
  expect((await succeed(rig, ['status', '--md'])).stdout).toBe(CHANGED);
  expect((await succeed(rig, ['status', '--md', 'report'])).stdout).toBe(
    '**Everything is up to date**: 1 up to date.\n',
  );
  expect((await rig.pipe(['status', '--md', '-q'])).code).toBe(1);
  expect(await rig.read('model')).toBe('1\n');
});

test('repro --dry --md prints the same of what a run would do, and runs nothing', async ({ rig }) => {
  await start(rig);
  expect((await succeed(rig, ['repro', '--dry', '--md'])).stdout).toBe(FRESH);
  await rig.write({ rate: '2\n', 'pipeline.yaml': { stages: { ...STAGES, 'train|x': { ...STAGES['train|x'], cmd: 'false' } } } }); // prettier-ignore
  const { stdout } = await succeed(rig, ['repro', '--dry', '--md']);
  expect(stdout).toBe((await succeed(rig, ['status', '--md'])).stdout);
  expect(stdout).toMatch(/^\| `train\\\|x` \| will run \| `its command changed`<br>`dep rate changed` \|$/m);
  expect(await rig.read('model')).toBe('1\n');
  expectProblems(await rig.pipe(['repro', '--dry', '--against', 'HEAD']), 'PIPE_USAGE');
});

test('neither says that all is up to date where tracked data changed, and each says what did, apart from the table', async ({
  rig,
}) => {
  await start(rig);
  await rig.write({ 'unread|`b`.csv': '1\n', 'read.csv': '1\n' });
  await succeed(rig, ['add', 'unread|`b`.csv', 'read.csv']);
  const reading = { cmd: 'cat read.csv > seen', deps: ['read.csv'], outs: ['seen'] };
  await rig.write({ 'pipeline.yaml': { stages: { ...STAGES, reading } } });
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  expect((await succeed(rig, ['status', '--md'])).stdout).toBe('**Everything is up to date**: 4 up to date.\n');
  await rig.write({ 'unread|`b`.csv': '2\n' });
  expect((await succeed(rig, ['status', '--md'])).stdout).toBe(
    '**Changed**: 4 up to date.\n\n> `unread|’b’.csv modified`\n',
  );
  await rig.write({ 'read.csv': '2\n' });
  const { stdout } = await succeed(rig, ['repro', '--dry', '--md']);
  expect(stdout).toMatch(/^\*\*Changed\*\*: .*\n\n\| Stage .*\n.*\n\| `reading` .* \|\n\n> `read\.csv changed: it would be recorded in read\.csv\.pipe`\n/); // prettier-ignore
  expect(await rig.read('seen')).toBe('1\n');
});
