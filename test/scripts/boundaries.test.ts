import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Runs the check over a small checkout, and returns what it printed. */
async function check(files: Record<string, string>): Promise<{ failed: boolean; printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pipe-boundaries-'));
  folders.push(folder);
  await symlink(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries({ 'tsconfig.json': '{}', ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const script = join(CHECKOUT, 'scripts/check-dependencies.mjs');
  const { stdout, stderr, failed } = await promisify(execFile)(process.execPath, [script, folder]).then(
    (done) => ({ ...done, failed: false }),
    (error: unknown) => ({ ...(error as { stdout: string; stderr: string }), failed: true }),
  );
  return { failed, printed: stdout + stderr };
}

const ONE = 'export const one = 1;\n';

/** Per rule: files that break it, and the way that the check reports. */
const BROKEN: Record<string, { files: Record<string, string>; way: string }> = {
  'no-cycles': {
    files: {
      'src/run/cycle-a.ts': "import type { B } from './cycle-b.ts';\nexport type A = B | 1;\n",
      'src/run/cycle-b.ts': "import type { A } from './cycle-a.ts';\nexport type B = A | 2;\n",
    },
    way: 'src/run/cycle-a.ts → src/run/cycle-b.ts → src/run/cycle-a.ts',
  },
  resolvable: breaks('src/run/resolve.ts', './gone.ts'),
  'kit-and-problem-are-leaves': crosses('src/kit/leaf.ts', 'src/graph/b.ts'),
  'pure-without-io': breaks('src/graph/io.ts', 'node:fs', 'fs'),
  'pure-knows-pure': crosses('src/run/plan.ts', 'src/store/b.ts'),
  'pure-all-the-way': {
    files: { 'src/pipeline/far.ts': "import '../kit/far.ts';\n", 'src/kit/far.ts': "import 'node:fs/promises';\n" },
    way: 'src/pipeline/far.ts → src/kit/far.ts → fs/promises',
  },
  'event-is-data': crosses('src/event/data.ts', 'src/store/b.ts'),
  'reports-see-events': crosses('src/report/see.ts', 'src/run/b.ts'),
  'engine-presents-nothing': crosses('src/run/present.ts', 'src/report/b.ts'),
  'store-knows-no-pipeline': crosses('src/store/know.ts', 'src/pipeline/b.ts'),
  'data-below-commands': crosses('src/executor/below.ts', 'src/data/b.ts'),
  'data-presents-nothing': crosses('src/data/present.ts', 'src/command/b.ts'),
  'remote-below-commands': crosses('src/executor/remote.ts', 'src/remote/b.ts'),
  'remote-moves-objects': crosses('src/remote/moves.ts', 'src/run/b.ts'),
  'source-below-commands': crosses('src/executor/source.ts', 'src/source/b.ts'),
  'source-brings-bytes': crosses('src/source/brings.ts', 'src/run/b.ts'),
  'commands-are-on-top': crosses('src/experiment/top.ts', 'src/command/b.ts'),
  'live-view-loads-late': crosses('src/command/late.ts', 'src/report/ink/b.ts'),
  'tool-stands-alone': crosses('src/run/alone.ts', 'model-creation/src/b.ts'),
  'training-stands-alone': crosses('model-creation/src/alone.ts', 'src/kit/b.ts'),
  'stages-are-thin': crosses('stages/thin.ts', 'src/kit/b.ts'),
  'serving-stands-alone': crosses('model-serving/src/alone.ts', 'model-creation/src/b.ts'),
  'no-tests-in-products': crosses('src/run/tested.ts', 'test/rig/b.ts'),
  'ink-in-the-live-view': breaks('src/report/ink-user.ts', 'react', ''),
  'execa-in-executors': breaks('src/run/execa-user.ts', 'execa', ''),
  'fastify-in-services': breaks('src/run/fastify-user.ts', 'fastify', ''),
  'aws-in-places': breaks('src/store/aws-user.ts', '@aws-sdk/client-s3', ''),
  'yaml-where-files-are-read': breaks('src/run/yaml-user.ts', 'yaml', ''),
  'tensorflow-in-models': breaks('src/run/tensorflow-user.ts', '@tensorflow/tfjs-core', ''),
};

function breaks(from: string, imported: string, shown = imported): { files: Record<string, string>; way: string } {
  return { files: { [from]: `import '${imported}';\n` }, way: `${from} → ${shown}` };
}

function crosses(from: string, to: string): { files: Record<string, string>; way: string } {
  const up = '../'.repeat(from.split('/').length - 1);
  return { files: { [from]: `import '${up}${to}';\n`, [to]: ONE }, way: `${from} → ${to}` };
}

test('every boundary of the house is held', async () => {
  const files: Record<string, string> = Object.assign({}, ...Object.values(BROKEN).map((each) => each.files));
  const { failed, printed } = await check(files);
  for (const [rule, { way }] of Object.entries(BROKEN)) expect(printed).toContain(`${rule}: ${way}`);
  expect(failed).toBe(true);
});

test('every boundary has files that break it', async () => {
  const path: string = join(CHECKOUT, '.dependency-cruiser.mjs');
  const rules: { default: Record<string, { name: string }[]> } = await import(path);
  const names = Object.values(rules.default).flatMap((list) => list.map((rule) => rule.name));
  expect(names.sort()).toEqual(Object.keys(BROKEN).sort());
});

test('a tree that keeps the boundaries passes', async () => {
  const { failed, printed } = await check({
    'src/command/repro.ts': "await import('../report/ink/view.tsx');\n",
    'src/report/ink/view.tsx': "import 'react';\nimport '../../event/event.ts';\n",
    'src/event/event.ts': "import type { One } from '../graph/one.ts';\nexport type Two = One;\n",
    'src/graph/one.ts': "import '../kit/order.ts';\nexport type One = 1;\n",
    'src/kit/order.ts': ONE,
  });
  expect(printed).toBe('5 modules checked, 0 violations\n');
  expect(failed).toBe(false);
});

test('a check that read no module fails', async () => {
  const { failed, printed } = await check({ 'src/kit/empty.ts': ONE });
  expect(printed).toContain('no module was checked');
  expect(failed).toBe(true);
});
