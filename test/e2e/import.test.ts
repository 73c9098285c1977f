import { rm, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { FetchDocument } from './share/project.ts';
import { cloneProject, commitAll, document, startProject, succeed } from './share/project.ts';
import { gitThere, publish, REGISTRY, startRegistry } from './share/registry.ts';

/** Runs with a server of the registry; its URL. */
async function served(rig: Rig, work: (url: string) => Promise<void>): Promise<void> {
  await startRegistry(rig);
  await startProject(rig);
  const server = await startGitServer(rig.path('../git'));
  try {
    await work(`${server.url}/registry.git`);
  } finally {
    await server.close();
  }
}

test('an import is tracked with where it comes from, and follows its branch', async ({ rig }) => {
  await served(rig, async (url) => {
    const first = await gitThere(rig, 'rev-parse', 'HEAD');
    const { stdout } = await succeed(rig, ['import', url, 'labels.csv', '--rev', 'main', '-o', 'raw.csv']);
    expect(stdout).toBe('raw.csv  8 bytes\n\nFor Git: git add raw.csv.pipe .gitignore\n');
    expect(await rig.read('raw.csv.pipe')).toContain(
      `deps:\n  - path: labels.csv\n    repo:\n      url: "${url}"\n      rev: main\n      rev_lock: `,
    );
    expect(await rig.read('raw.csv.pipe')).toContain(first);
    expect((await succeed(rig, ['status'])).stdout).toBe('Everything is up to date: 1 pointer.\n');
    expect((await succeed(rig, ['update'])).stdout).toBe(`raw.csv  nothing changed (main: ${first.slice(0, 12)})\n`);

    await rig.write({
      'raw.csv.pipe': `# ours\n${await rig.read('raw.csv.pipe')}`,
      [`${REGISTRY}/README.md`]: 'new\n',
    });
    const second = await publish(rig, 'second');
    expect((await succeed(rig, ['update', 'raw.csv'])).stdout).toContain('the source has moved on, and holds the same');
    await rig.write({ [`${REGISTRY}/labels.csv`]: 'a,b\n3,4\n' });
    await succeed(rig, ['add', '-q', 'labels.csv'], { cwd: REGISTRY });
    const third = await publish(rig, 'third');
    const update = await document<{ imports: { state: string; commit: string }[] }>(rig, ['update', 'raw.csv.pipe']);
    expect(update.imports).toMatchObject([{ state: 'changed', commit: third }]);
    expect(await rig.read('raw.csv')).toBe('a,b\n3,4\n');
    expect(await rig.read('raw.csv.pipe')).toMatch(/^# ours\n/);

    await succeed(rig, ['update', 'raw.csv', '--rev', second]);
    expect(await rig.read('raw.csv')).toBe('a,b\n1,2\n');
    await succeed(rig, ['update', '-q']);
    expect(await rig.read('raw.csv')).toBe('a,b\n1,2\n');
  });
});

test('nothing but an update changes an import, and files that are in no store stay', async ({ rig }) => {
  await served(rig, async (url) => {
    await succeed(rig, ['import', url, 'images']);
    await rig.write({ 'images/mine.txt': 'mine\n' });
    expectProblems(await rig.pipe(['add', 'images/mine.txt']), 'PIPE_IMPORTED');
    expectProblems(await rig.pipe(['add', 'images']), 'PIPE_IMPORTED');
    expectProblems(await rig.pipe(['commit', 'images']), 'PIPE_IMPORTED');
    expectProblems(await rig.pipe(['import', url, 'images']), 'PIPE_USAGE');
    await rig.write({ [`${REGISTRY}/images/new.txt`]: 'new\n' });
    await succeed(rig, ['add', '-q', 'images'], { cwd: REGISTRY });
    await publish(rig, 'second');
    const before = await rig.read('images.pipe');
    expectProblems(await rig.pipe(['update', 'images']), 'PIPE_UNSAVED');
    expect(await rig.read('images.pipe')).toBe(before);
    await succeed(rig, ['update', 'images', '-f']);
    expect(await rig.files('images')).toContain('new.txt');
    expect(await rig.files('images')).not.toContain('mine.txt');
    await succeed(rig, ['freeze', 'images.pipe']);
    expectProblems(await rig.pipe(['update', 'images']), 'PIPE_FROZEN');
    expectProblems(await rig.pipe(['update', 'nothing']), 'PIPE_TARGET_UNKNOWN');
  });
});

test('imports are not pushed; whoever pulls gets them from where they come from', async ({ rig }) => {
  await served(rig, async (url) => {
    await succeed(rig, ['import', url, 'images', '--no-download']);
    expect(await rig.exists('images')).toBe(false);
    await succeed(rig, ['import', url, 'docs']);
    await succeed(rig, ['import', REGISTRY, 'made']);
    expect(await rig.read('made.pipe')).toContain('url: "../registry"');
    await succeed(rig, ['pull', '-q']);
    expect((await rig.run('diff', ['-r', 'images', '../registry/images'])).stdout).toBe('');
    await rig.write({ 'own.txt': 'own\n' });
    await succeed(rig, ['add', '-q', 'own.txt']);
    await commitAll(rig);
    expect((await succeed(rig, ['push'])).stdout).toContain('Left out, since it is imported');
    // What moves on there does not matter.
    await rig.write({ [`${REGISTRY}/docs/note.txt`]: 'changed\n' });
    await publish(rig, 'second');

    const b = await cloneProject(rig, 'b');
    const pulled = await document<FetchDocument & { imports: { path: string }[] }>(rig, ['pull', 'images/deep'], b);
    expect(pulled.imports).toMatchObject([{ path: 'images/deep' }]);
    expect(await rig.files('../b/images')).toEqual(['deep/er/x.txt']);
    await succeed(rig, ['pull'], b);
    for (const path of ['images', 'docs', 'made', 'own.txt']) {
      expect((await rig.run('diff', ['-r', path, `../b/${path}`])).stdout, path).toBe('');
    }
    const status = await succeed(rig, ['status'], b);
    expect(status.stdout).toBe('Everything is up to date: 4 pointers.\n');
  });
});

test('a stage depends on an import as on any other file', async ({ rig }) => {
  await served(rig, async (url) => {
    await succeed(rig, ['import', url, 'labels.csv']);
    await rig.write({
      'pipeline.yaml': { stages: { copy: { cmd: 'cp labels.csv out', deps: ['labels.csv'], outs: ['out'] } } },
    });
    await rig.pipe(['repro']);
    expect(await rig.read('out')).toBe('a,b\n1,2\n');
    await rig.write({ [`${REGISTRY}/labels.csv`]: 'x\n' });
    await succeed(rig, ['add', '-q', 'labels.csv'], { cwd: REGISTRY });
    await publish(rig, 'second');
    expect((await succeed(rig, ['status'])).stdout).toContain('up to date');
    expect((await succeed(rig, ['status', '--updates'])).stdout).toContain('labels.csv: the source has moved on');
    await succeed(rig, ['update', '-q']);
    expect((await succeed(rig, ['status'])).stdout).toContain('will run');
  });
});

test('another commit of the source that holds the same is no change, whoever keeps the data there', async ({ rig }) => {
  await served(rig, async (url) => {
    const paths = ['labels.csv', 'images/deep', 'docs', 'README.md'];
    for (const path of paths) await succeed(rig, ['import', '-q', url, path, '-o', path.replace('/', '-')]);
    const moved = async () => {
      const { updates } = await document<{ updates: { path: string; moved: boolean }[] }>(rig, ['status', '--updates']);
      return updates.filter((each) => each.moved).map(({ path }) => path);
    };
    await rig.write({ [`${REGISTRY}/in.txt`]: 'of no concern\n' });
    const second = await publish(rig, 'second');
    expect(await moved()).toEqual([]);
    expect((await rig.pipe(['status', '--updates', '-q'])).code).toBe(0);
    expect((await succeed(rig, ['update'])).stdout.match(/holds the same there/g)).toHaveLength(4);
    for (const path of paths) expect(await rig.read(`${path.replace('/', '-')}.pipe`)).toContain(second);
    expect((await succeed(rig, ['data', 'status'])).stdout).not.toContain('Uncommitted');
    await rig.write({ [`${REGISTRY}/docs/note.txt`]: 'changed\n', [`${REGISTRY}/images/deep/new`]: 'new\n' });
    await succeed(rig, ['add', '-q', 'images'], { cwd: REGISTRY });
    await publish(rig, 'third');
    expect(await moved()).toEqual(['docs', 'images-deep']);
    await rig.remove(`${REGISTRY}/images/deep/new`);
    await rig.write({ [`${REGISTRY}/images/of-no-concern`]: 'new\n' });
    await succeed(rig, ['add', '-q', 'images'], { cwd: REGISTRY });
    await publish(rig, 'fourth');
    expect(await moved(), 'another part of the folder is of no concern').toEqual(['docs']);
    await rig.write({ [`${REGISTRY}/images/not-pushed`]: 'new\n' });
    await succeed(rig, ['add', '-q', 'images'], { cwd: REGISTRY });
    await gitThere(rig, 'add', '-A');
    await gitThere(rig, 'commit', '-q', '-m', 'fifth');
    await gitThere(rig, 'push', '-q', '../git/registry.git', 'main');
    expect((await succeed(rig, ['status', '--updates'])).stdout).toContain(
      'images-deep: the source does not tell whether',
    );
  });
});

test('URLs with secrets are not recorded, and the right way is shown', async ({ rig }) => {
  await startProject(rig);
  const run = await rig.pipe(['import', 'https://me:hush@example.org/r.git', 'x']);
  expectProblems(run, 'PIPE_URL');
  expect(run.stderr).toContain("write '${NAME}' in its place");
  expect(run.stderr).toContain('core.env NAME');
  expect(run.stderr).not.toContain('hush');
});

test.each(["url: '--upload-pack=touch hacked'", "url: 'ext::sh -c touch% hacked'"])(
  'a hostile pointer makes no command run anything: %s',
  async (url) => {
    const { Rig: Rigs } = await import('../rig/rig.ts');
    const rig = await Rigs.create();
    try {
      await startProject(rig);
      const digest = `b3:${'a'.repeat(64)}`;
      await rig.write({
        'x.pipe': `schema: pipe.pointer/1\ndeps:\n  - path: x\n    repo:\n      ${url}\n      rev_lock: '${'0'.repeat(40)}'\nouts:\n  - path: x\n    digest: ${digest}\n    size: 1\n`,
      });
      for (const args of [['pull'], ['fetch'], ['update'], ['status', '--updates']])
        expectProblems(await rig.pipe(args), 'PIPE_URL');
      expect(await rig.files()).toEqual(
        ['.gitignore', '.pipeignore', 'x.pipe'].filter((name) => name !== '.gitignore'),
      );
    } finally {
      await rig.cleanup();
    }
  },
);

test('a folder that is tracked in part is imported whole, also with --no-download, and when the cache has damaged it', async ({
  rig,
}) => {
  await served(rig, async (url) => {
    await rig.write({ [`${REGISTRY}/mixed/README`]: 'read me\n', [`${REGISTRY}/mixed/data.csv`]: 'of the registry\n' });
    await succeed(rig, ['add', '-q', 'mixed/data.csv'], { cwd: REGISTRY });
    await publish(rig, 'mixed');
    // Wrong bytes of what is to come, in our own cache.
    await rig.write({ mine: 'of the registry\n' });
    await succeed(rig, ['add', '-q', 'mine']);
    const digest = /b3:(\w+)/.exec(await rig.read('mine.pipe'))?.[1] ?? '';
    const object = rig.path('.pipe/cache/v1/loose', digest.slice(0, 2), digest.slice(2));
    for (const args of [['--no-download'], ['--force']]) {
      await rm(object, { force: true });
      await writeFile(object, 'of the registrY\n');
      const run = await rig.pipe(['import', url, 'mixed', ...args]);
      expect(run, run.stderr).toMatchObject({ code: 0 });
    }
    expect(await rig.read('mixed/data.csv')).toBe('of the registry\n');
    await commitAll(rig);
    const b = await cloneProject(rig, 'b');
    await succeed(rig, ['pull', 'mixed'], b);
    expect((await rig.run('diff', ['-r', 'mixed', '../b/mixed'])).stdout).toBe('');
  });
});
