import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

interface Row {
  readonly path: string | { readonly old: string; readonly new: string };
}

type Lists = Record<'added' | 'deleted' | 'renamed' | 'modified' | 'unknown', readonly Row[]> & {
  readonly notInCache?: readonly Row[];
  readonly problems: readonly { readonly code: string; readonly revision: string }[];
};

/** What `pipe diff` says, by list, without sizes; empty lists are left out. */
async function lists(rig: Rig, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await rig.pipe(['diff', '--json', ...args]);
  const document = JSON.parse(stdout) as Lists;
  expect({ code, stderr }).toEqual({ code: document.problems.length === 0 ? 0 : 1, stderr: '' });
  expectValid(document);
  const { added, deleted, renamed, modified, unknown, notInCache, problems } = document;
  return byName({ added, deleted, renamed, modified, unknown, notInCache, problems });
}

function byName(all: Record<string, readonly unknown[] | undefined>): Record<string, unknown> {
  const named = (row: unknown): unknown => {
    const { path } = row as Partial<Row>;
    if (path === undefined) return row;
    return typeof path === 'string' ? path : `${path.old} -> ${path.new}`;
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([list, rows = []]) => (rows.length === 0 ? [] : [[list, rows.map(named).sort()]])),
  );
}

const MAKE = 'rm -rf data model.bin && cp -r raw data && cp raw/big model.bin';
const PIPELINE = { stages: { make: { cmd: MAKE, deps: ['raw'], outs: ['data', 'model.bin'] } } };
const RAW = { 'raw/big': 'a big one', 'raw/kept': 'k', 'raw/old/moved': 'm', 'raw/gone': 'g' };

/** A project whose only stage has run and is committed. */
async function committed(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await rig.pipe(['init']);
  await rig.write({ 'pipeline.yaml': PIPELINE, ...RAW });
  await repro(rig);
  await commit(rig);
}

async function repro(rig: Rig): Promise<void> {
  const { code, stderr } = await rig.pipe(['repro']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

async function commit(rig: Rig): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'change');
}

/** The same changes in any folder: one file modified, one deleted, one added, one renamed. */
async function change(rig: Rig, folder: string): Promise<void> {
  await rig.write({ [`${folder}/big`]: 'another big one', [`${folder}/deep/fresh`]: 'f', [`${folder}/new`]: 'm' });
  await rig.remove(`${folder}/old`, `${folder}/gone`);
}

test('nothing changed: one sentence, and empty lists', async ({ rig }) => {
  await committed(rig);
  expect(await rig.pipe(['diff'])).toMatchObject({ code: 0, stdout: 'Nothing changed.\n', stderr: '' });
  expect(await lists(rig)).toEqual({});
  expect((await rig.pipe(['diff', '--md'])).stdout.trim()).toBe('');
});

test('what was changed in the workspace, in the order of DVC, with sizes and digests', async ({ rig }) => {
  await committed(rig);
  await change(rig, 'data');
  expect((await rig.pipe(['diff'])).stdout).toMatchInlineSnapshot(`
    "Added:
        data/deep/fresh

    Deleted:
        data/gone

    Renamed:
        data/old/moved -> data/new

    Modified:
        data/
        data/big

    files summary: 1 added, 1 deleted, 1 renamed, 1 modified
    "
  `);
  expect((await rig.pipe(['diff', '--show-hash', '--targets', 'data/big', 'data/new'])).stdout).toMatchInlineSnapshot(`
    "Added:
        83d9dab0  data/new

    Modified:
        46d37100..c3214ca8  data/big

    files summary: 1 added, 1 modified
    "
  `);
  expect((await rig.pipe(['diff', '--md', '--show-hash', '--targets', 'data'])).stdout).toMatchInlineSnapshot(`
    "| Status   | Hash               | Path                        |
    |----------|--------------------|-----------------------------|
    | added    | 9ab388be           | data/deep/fresh             |
    | deleted  | 805a31de           | data/gone                   |
    | renamed  | 83d9dab0           | data/old/moved -\\> data/new |
    | modified | aa9a6dcb..5b2521f4 | data/                       |
    | modified | 46d37100..c3214ca8 | data/big                    |
    "
  `);
  const { stdout } = await rig.pipe(['diff', '--json', '--show-hash']);
  const document = JSON.parse(stdout) as Lists;
  expectValid(document);
  expect(document).toMatchObject({
    from: 'HEAD',
    to: 'workspace',
    added: [{ path: 'data/deep/fresh', size: 1 }],
    renamed: [{ path: { old: 'data/old/moved', new: 'data/new' }, size: 1 }],
    modified: [
      { path: 'data/', size: { old: 12, new: 18 }, files: { old: 4, new: 4 } },
      { path: 'data/big', size: { old: 9, new: 15 } },
    ],
  });
});

test('two revisions, before and after a run, and one with the workspace', async ({ rig }) => {
  await committed(rig);
  await rig.git('tag', 'v1');
  await change(rig, 'raw');
  await repro(rig);
  await commit(rig);
  const changes = {
    added: ['data/deep/fresh'],
    deleted: ['data/gone'],
    renamed: ['data/old/moved -> data/new'],
    modified: ['data/', 'data/big', 'model.bin'],
  };
  expect(await lists(rig, 'v1', 'main')).toEqual(changes);
  expect(await lists(rig, 'v1')).toEqual(changes);
  expect(await lists(rig)).toEqual({});
  await rig.remove('model.bin');
  expect(await lists(rig, 'v1', 'workspace')).toEqual({
    ...changes,
    modified: ['data/', 'data/big'],
    deleted: ['data/gone', 'model.bin'],
  });
  expect(await lists(rig, 'main', 'v1', '--targets', 'model.bin', 'data/big')).toEqual({
    modified: ['data/big', 'model.bin'],
  });
});

test('outs of stages that never ran are added, and paths are shown from where the user is', async ({ rig }) => {
  await committed(rig);
  await rig.write({ 'sub/pipeline.yaml': { stages: { later: { cmd: 'true', outs: ['out'] } } }, 'sub/out': '1' });
  expect(await lists(rig)).toEqual({ added: ['sub/out'] });
  const { stdout } = await rig.pipe(['diff', 'HEAD', 'workspace', '--targets', 'out'], { cwd: 'sub' });
  expect(stdout).toBe('Added:\n    out\n\nfiles summary: 1 added\n');
});

test('outs that stay in Git are compared too', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await rig.pipe(['init']);
  const metrics = { cmd: 'cp raw m.json', deps: ['raw'], metrics: [{ 'm.json': { cache: false } }] };
  await rig.write({ 'pipeline.yaml': { stages: { metrics } }, raw: '{}' });
  await repro(rig);
  await commit(rig);
  await rig.write({ 'm.json': '{"auc": 1}' });
  expect(await lists(rig)).toEqual({ modified: ['m.json'] });
});

test('tracked data of pointers is compared like outs', async ({ rig }) => {
  await committed(rig);
  const [digest, tree] = ['a', 'b'].map((hex) => `b3:${hex.repeat(64)}`);
  await rig.write({
    'in/x.csv.pipe': `schema: pipe.pointer/1\nouts:\n- path: x.csv\n  digest: ${digest}\n  size: 3\n`,
  });
  await commit(rig);
  await rig.write({
    'in/x.csv': 'abc',
    'in/dir.pipe': `schema: pipe.pointer/1\nouts:\n- {path: dir, digest: "${tree}", size: 3, files: 1}\n`,
  });
  await commit(rig);
  expect(await lists(rig, 'HEAD~1', 'HEAD')).toEqual({ added: ['in/dir/'], unknown: ['in/dir/'] });
  expect(await lists(rig)).toEqual({
    deleted: ['in/dir/'],
    modified: ['in/x.csv'],
    unknown: ['in/dir/'],
    notInCache: ['in/dir/', 'in/x.csv'],
  });
  expect(await lists(rig, '--hide-missing')).not.toHaveProperty('notInCache');
});

test('a file of which the x bit changed, or that became a link, says so', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await rig.pipe(['init']);
  await rig.write({ 'd/run.sh': 'echo', 'd/a': 'a', 'd/both': '1', 'tool.sh': 'x' });
  await rig.run('chmod', ['+x', rig.path('d/both')]);
  await rig.pipe(['add', 'd', 'tool.sh']);
  await commit(rig);
  await rig.write({ 'd/both': '2' });
  await rig.remove('d/a');
  await rig.run('ln', ['-s', 'run.sh', rig.path('d/a')]);
  await rig.run('chmod', ['+x', rig.path('d/run.sh'), rig.path('tool.sh')]);
  await rig.run('chmod', ['-x', rig.path('d/both')]);
  const text = (await rig.pipe(['diff'])).stdout;
  expect(text).toMatchInlineSnapshot(`
    "Modified:
        d/
        d/a (kind: file -> symbolic link)
        d/both (mode: executable file -> file)
        d/run.sh (mode: file -> executable file)
        tool.sh (mode: file -> executable file)

    files summary: 4 modified
    "
  `);
  const hashed = (await rig.pipe(['diff', '--show-hash'])).stdout;
  expect(hashed).toMatch(/^ {4}[0-9a-f]{8} {2}d\/run\.sh \(mode: file -> executable file\)$/m);
  expect(hashed).toMatch(/^ {4}[0-9a-f]{8}\.\.[0-9a-f]{8} {2}d\/both \(mode: executable file -> file\)$/m);
  expect((await rig.pipe(['diff', '--md'])).stdout).toContain('tool.sh (mode: file -\\> executable file)');
  const document = (await rig.pipe(['diff', '--json'])).json<{ modified: { path: string; kind?: unknown }[] }>();
  expectValid(document);
  expect(Object.fromEntries(document.modified.map(({ path, kind }) => [path, kind]))).toEqual({
    'd/': undefined,
    'd/a': { old: 'file', new: 'link' },
    'd/both': { old: 'exec', new: 'file' },
    'd/run.sh': { old: 'file', new: 'exec' },
    'tool.sh': { old: 'file', new: 'exec' },
  });
});

test('what the cache lacks is told, unless told not to', async ({ rig }) => {
  await committed(rig);
  await rig.remove('.pipe/cache');
  expect((await rig.pipe(['diff'])).stdout).toBe(
    'Not in cache:\n    data/\n    model.bin\n\nfiles summary: 1 not in cache\n',
  );
  expect((await rig.pipe(['diff', '--hide-missing'])).stdout).toBe('Nothing changed.\n');
  await rig.write({ 'data/big': 'changed' });
  expect((await rig.pipe(['diff', '--hide-missing'])).stdout).toMatchInlineSnapshot(`
    "Modified:
        data/

    Changed, but what a folder held is not in the cache (\`pipe fetch -A\` brings what a remote has):
        data/
    "
  `);
});

test('nothing is said of what a lock or a pointer tracks that cannot be read', async ({ rig }) => {
  await committed(rig);
  const lock = await rig.read('pipeline.lock');
  await rig.write({ 'pipeline.lock': lock.slice(0, -10) });
  await commit(rig);
  await rig.write({ 'pipeline.lock': lock });
  const { code, stdout } = await rig.pipe(['diff']);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^Nothing else changed, as far as it can be told:\n\nNot read:\n {2}pipeline\.lock cannot read pipeline\.lock: .+\n$/,
  );
  expect(await lists(rig)).toMatchObject({ problems: [{ code: 'PIPE_LOCK_FORMAT', revision: 'HEAD' }] });
});

test('a path that cannot be read is told, and the rest is compared', async ({ rig }) => {
  await committed(rig);
  await rig.remove('model.bin');
  await rig.run('mkfifo', ['model.bin']);
  await rig.write({ 'data/kept': 'other' });
  expect(await lists(rig)).toMatchObject({
    modified: ['data/', 'data/kept'],
    problems: [{ code: 'PIPE_FILE_KIND', revision: 'workspace' }],
  });
});

test('unknown revisions and targets are clear problems', async ({ rig }) => {
  await committed(rig);
  expect(await rig.pipe(['diff', 'v9'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('PIPE_GIT_REVISION') as string,
  });
  expect(await rig.pipe(['diff', '--targets', 'nowhere'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('PIPE_TARGET_UNKNOWN') as string,
  });
  expect((await rig.pipe(['diff', '--targets', 'data/nowhere'])).code).toBe(2);
});

test('a project in a subfolder compares what lies in it', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await rig.write({ 'sub/raw': '1' });
  await rig.pipe(['init', '--subdir'], { cwd: 'sub' });
  await rig.write({ 'sub/pipeline.yaml': { stages: { make: { cmd: 'cp raw out', deps: ['raw'], outs: ['out'] } } } });
  expect((await rig.pipe(['repro'], { cwd: 'sub' })).code).toBe(0);
  await rig.write({ 'pipeline.lock': 'of somebody else' });
  await commit(rig);
  await rig.write({ 'sub/out': '22' });
  expect((await rig.pipe(['diff'], { cwd: 'sub' })).stdout).toBe('Modified:\n    out\n\nfiles summary: 1 modified\n');
});

test('DVC sees the same changes in the same folders', async ({ rig }) => {
  await committed(rig);
  await rig.write({ '.dvcignore': '' });
  await rig.remove('.pipe', 'pipeline.lock', 'pipeline.yaml', 'data', 'model.bin', '.gitignore');
  await rig.dvc('init', '-q', '-f');
  await rig.write({ 'dvc.yaml': PIPELINE });
  await rig.dvc('repro', '-q');
  await commit(rig);
  await change(rig, 'data');
  const before = JSON.parse(await rig.dvc('diff', '--json')) as Record<string, Row[]>;
  await rig.remove('data');
  await change(rig, 'raw');
  await rig.dvc('repro', '-q');
  await commit(rig);
  const after = JSON.parse(await rig.dvc('diff', '--json', 'HEAD~1', 'HEAD')) as Record<string, Row[]>;

  // The same once more with pipe, in the same repository.
  await rig.git('checkout', '-q', '--orphan', 'pipe');
  await rig.remove('.dvc', 'dvc.lock', 'dvc.yaml', '.dvcignore', 'raw', 'data', 'model.bin', '.gitignore');
  await rig.pipe(['init']);
  await rig.write({ 'pipeline.yaml': PIPELINE, ...RAW });
  await repro(rig);
  await commit(rig);
  await change(rig, 'data');
  expect(await lists(rig)).toEqual(byName(before));
  await change(rig, 'raw');
  await repro(rig);
  await commit(rig);
  expect(await lists(rig, 'HEAD~1', 'HEAD')).toEqual(byName(after));
});
