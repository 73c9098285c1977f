import { readlink, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect } from 'vitest';
import type { Digest } from '../../src/kit/digest.ts';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import type { Entry } from '../../src/store/tree.ts';
import { encodeTree } from '../../src/store/tree.ts';
import { test } from '../rig/test.ts';
import { does, files, project, refuses, save } from './data/commands.ts';
import {
  COMMANDS,
  allEnd,
  plant,
  plantNested,
  plantSelf,
  pointerText,
  problemsOf,
  saidOfWrongList,
  strange,
} from './data/strangers.ts';
import { watchChanges } from './faults/calls.ts';
import { isTemporary } from './faults/contents.ts';
import { withFoldingDisk } from './faults/disk.ts';
import { expectProblems } from './faults/problem.ts';

const blake3 = await loadBlake3();

/** What each command says of a pointer with more files than any folder has. */
const SAID_OF_TOO_MANY = {
  ...{ 'diff HEAD workspace': '1', du: '0', fsck: '1', 'fsck --repair': '1', repro: '0' },
  ...Object.fromEntries(
    ['status', 'data status --granular', 'checkout', 'checkout -f --relink', 'checkout data/x'].map((line) => [line, '2 PIPE_FIELD_VALUE']), // prettier-ignore
  ),
  ...Object.fromEntries(['move data/x data/z', 'move data/x y', 'remove data/x'].map((line) => [line, '2 PIPE_FIELD_VALUE'])), // prettier-ignore
  ...{ 'gc -w --dry': '2 PIPE_POINTER_FORMAT', 'gc -w -f': '2 PIPE_POINTER_FORMAT' },
};

function row(name: string, text: string, digest: Digest): string {
  return `f ${text.length} ${digest} ${JSON.stringify(name)}`;
}

describe.concurrent('a tree of a stranger', () => {
  test.for(['..', '../evil', '/tmp/evil', '.git', '.GIT', '.pipe', 'a/../../evil', '', '.', 'nul\0'])(
    'with the name %j is refused by every command',
    async (name, { rig }) => {
      await strange(rig, async () => {
        const text = 'evil';
        const lines = ['pipe.tree/1', row(name, text, await plant(rig, text)), row('x', text, blake3.hash(text))];
        return { digest: await plant(rig, `${lines.join('\n')}\n`), size: 8, files: 2 };
      });
      await allEnd(rig, saidOfWrongList('PIPE_TARGET_UNKNOWN'));
    },
  );

  test('that contains itself, under a digest that cannot be its own, is wrong bytes', async ({ rig }) => {
    await strange(rig, () => plantSelf(rig));
    await allEnd(rig, saidOfWrongList('PIPE_OBJECT_MISSING', '0'));
  });

  test.for([
    ['nests 5,000 deep', 5_000, 1],
    ['stands for 2^40 files', 40, 2],
    ['stands for a billion files', 9, 10],
    ['stands for 2^400 files', 400, 2],
  ] as const)('that %s is refused, soon', async ([, depth, width], { rig }) => {
    await strange(rig, () => plantNested(rig, depth, width));
    // In its list alone a deep folder may be changed.
    await allEnd(
      rig,
      depth < 1_000 ? SAID_OF_TOO_MANY : saidOfWrongList(''),
      depth < 1_000 ? COMMANDS : COMMANDS.filter(([name]) => name !== 'move' && name !== 'remove'),
    );
  });
});

test('what a stranger says of sizes is not believed of files that helper threads write', async ({ rig }) => {
  await project(rig);
  const textsOf = (folder: string): string[] => Array.from({ length: 2_000 }, (_, at) => `${folder} ${String(at).padStart(4, '0')}`); // prettier-ignore
  const folders = ['a', 'b'];
  await rig.write(Object.fromEntries(folders.flatMap((name) => textsOf(name).map((text, at) => [`data/${name}/${at}`, text])))); // prettier-ignore
  await does(rig, 'add', 'data');
  const right = await rig.read('data.pipe');
  await rig.remove('data');
  // The last ones are those that helper threads write.
  const said = async (last: number): Promise<string> => {
    const entries = folders.map(async (name): Promise<[string, Entry]> => {
      const files = textsOf(name).map((text, at): [string, Entry] => {
        return [String(at), { kind: 'file', digest: blake3.hash(text), size: String(at).startsWith('9') ? last : 6 }];
      });
      const size = files.reduce((sum, [, each]) => sum + each.size, 0);
      return [name, { kind: 'dir', digest: await plant(rig, encodeTree(new Map(files))), size, files: 2_000 }];
    });
    const all = await Promise.all(entries);
    const size = all.reduce((sum, [, each]) => sum + each.size, 0);
    return pointerText({ digest: await plant(rig, encodeTree(new Map(all))), size, files: 4_000 });
  };
  expect(await said(6)).toBe(right.replace('path: data', 'path: "data"'));
  await rig.write({ 'data.pipe': await said(7) });
  const { run, calls } = await watchChanges(rig, ['checkout']);
  expect(run, run.stderr).toMatchObject({ code: 1, stderr: '' });
  if (availableParallelism() > 1) {
    expect(calls.some(({ isMain, text }) => !isMain && /O_CREAT.*\/a\/\d+>/.test(text))).toBe(true);
  }
  const there = (await rig.files()).filter((name) => name.startsWith('data/') || isTemporary(name));
  expect(there.filter((name) => !/^data\/[ab]\/[0-8]/.test(name))).toEqual([]);
  await rig.write({ 'data.pipe': right });
  await does(rig, 'checkout');
  expect(await rig.read('data/b/1999')).toBe('b 1999');
});

describe.concurrent('a pointer of a stranger', () => {
  test.for([
    ['../evil', 'lies outside the project'],
    ['/tmp/evil', 'lies outside the project'],
    ['.git/hooks/post-checkout', 'points into .git'],
    ['GIT~1/x', 'points into .git'],
    ['.pipe/config.yaml', 'points into .pipe'],
    ['.DVC', 'points into .dvc'],
    ['pipeline.yaml', 'is a file that pipe or DVC keeps'],
    ['a/../../evil', 'lies outside the project'],
    ['.', 'is the whole project'],
    ['', 'is the whole project'],
  ] as const)(
    'to %j is one problem for every command that writes, and nothing is written',
    async ([path, why], { rig }) => {
      await strange(rig, async () => ({ digest: await plant(rig, 'x'), size: 1, files: 1 }));
      await rig.write({ 'data.pipe': pointerText({ digest: blake3.hash('x'), size: 1, files: 1 }, path) });
      for (const args of [['checkout'], ['checkout', '-f'], ['commit'], ['unprotect', 'data']]) {
        const run = await rig.pipe(args);
        expect([args, run.code, run.stderr]).toEqual([args, 2, expect.stringMatching(/^data\.pipe.*PIPE_/)]);
      }
      const message = `cannot read data.pipe: its out ${JSON.stringify(path)} ${why}`;
      const run = await rig.pipe(['gc', '-w', '-f']);
      expectProblems(run, 'PIPE_POINTER_FORMAT');
      expect(run.stderr).toContain(`${message} (workspace), so it is not known what is needed`);
      expect(await problemsOf(rig, 'fsck')).toEqual([`PIPE_POINTER_FORMAT ${message}`]);
      expect(await problemsOf(rig, 'du')).toEqual([`PIPE_POINTER_FORMAT ${message}`]);
      await save(rig, 'now in Git, too');
      await rig.remove('data.pipe');
      const inHead = await rig.pipe(['gc', '-a', '-f']);
      expectProblems(inHead, 'PIPE_POINTER_FORMAT');
      expect(inHead.stderr).toContain(`${message} (`);
      expect(await problemsOf(rig, 'diff', 'HEAD', 'workspace')).toEqual([`PIPE_POINTER_FORMAT ${message}`]);
      expect(await problemsOf(rig, 'data', 'status')).toEqual([expect.stringContaining(message)]);
      expect(await rig.exists('../evil')).toBe(false);
      expect(await rig.exists('.git/hooks/post-checkout')).toBe(false);
    },
  );
});

describe.concurrent('names', () => {
  test('with line ends, in two cases and in two normal forms are kept apart through everything', async ({ rig }) => {
    await project(rig);
    const names = [
      'line\nend',
      'tab\t"\\',
      'A',
      'a',
      '\u00e9',
      'e\u0301',
      '-rf',
      ' ',
      '#x',
      '!y',
      '*',
      'ß',
      'SS',
      '\u{1f600}',
    ];
    const all = Object.fromEntries(names.map((name, at) => [`data/${name}`, `${at}`]));
    await rig.write({ ...all, 'odd\nname': 'odd' });
    await does(rig, 'add', 'data', 'odd\nname');
    await rig.remove('data', 'odd\nname');
    await does(rig, 'checkout');
    for (const [name, text] of Object.entries(all)) expect(await rig.read(name)).toBe(text);
    expect(await rig.read('odd\nname')).toBe('odd');
    await does(rig, 'move', 'data/a', 'data/\u212b');
    await does(rig, 'remove', 'data/line\nend');
    expect(await rig.files('data')).toEqual([...names.filter((name) => !['a', 'line\nend'].includes(name)), '\u212b'].sort()); // prettier-ignore
    expect(await rig.git('status', '--porcelain', '-z')).not.toMatch(/\?\? odd\nname\0/);
    expect(await does(rig, 'checkout')).toMatchObject({ added: 0, modified: 0, deleted: 0 });
  });

  test('that a disk takes for one are refused when they are checked out there, and nothing is half done', async ({
    rig,
  }) => {
    // prettier-ignore
    await project(rig);
    await rig.write({ 'data/sub/A': 'upper', 'data/sub/a': 'lower', 'data/b': 'b', 'big/L': 'L'.repeat(90_000), 'big/l': 'l'.repeat(90_000) }); // prettier-ignore
    await does(rig, 'add', 'data', 'big');
    await save(rig, 'both');
    await rig.remove('data/sub/a', 'big');
    await does(rig, 'add', 'data');
    await save(rig, 'one');
    const isDone = await withFoldingDisk(rig, '../folding', async () => {
      await rig.run('cp', ['-r', '.git', '.pipe', '.pipeignore', '.gitignore', 'data.pipe', 'big.pipe', '../folding']);
      const folding = { cwd: '../folding' };
      expect(await rig.pipe(['checkout', 'data'], folding)).toMatchObject({ code: 0, stderr: '' });
      expect(await rig.pipe(['checkout', 'data'], folding)).toMatchObject({
        stdout: 'Everything is in place: 1 path.\n',
      });
      for (const [revision, path] of [
        ['HEAD~1', 'data'],
        ['HEAD', 'big'],
      ] as const) {
        await rig.write({ '../folding/data.pipe': `${await rig.git('show', `${revision}:data.pipe`)}\n` });
        const run = await rig.pipe(['checkout', path], folding);
        expectProblems(run, 'PIPE_NAME_COLLISION');
        expect(await rig.files('../folding/data')).toEqual(['b', 'sub/A']);
        expect(await rig.read('../folding/data/sub/A')).toBe('upper');
        expect(await rig.exists('../folding/big')).toBe(false);
      }
    });
    if (!isDone) expect(existsSync('/dev/fuse')).toBe(false);
  });

  test('that are not UTF-8 are refused by name, and nothing is stored', async ({ rig }) => {
    await project(rig);
    await rig.run('sh', ['-c', String.raw`mkdir data; printf x > "data/$(printf 'bad\377')"; printf x > "$(printf 'top\377')"`]); // prettier-ignore
    for (const args of [
      ['add', 'data'],
      ['add', '--glob', 'top*'],
    ]) {
      expect(await refuses(rig, ...args)).toEqual(['PIPE_NAME_NOT_UTF8']);
    }
    const run = await rig.run('sh', ['-c', String.raw`pipe add "$(printf 'top\377')"`]);
    expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(/^PIPE_NAME_NOT_UTF8 /)]);
    expect((await files(rig)).filter((name) => name.endsWith('.pipe'))).toEqual([]);
  });
});

describe.concurrent('a symbolic link that leads out of the project', () => {
  test('is stored as a link; through one, nothing is tracked, checked out or removed', async ({ rig }) => {
    await project(rig);
    await rig.write({ '../outside/x': 'theirs', 'data/a': 'a', 'sub/x': 'ours' });
    await symlink('../../outside', rig.path('data/link'));
    await does(rig, 'add', 'data', 'sub/x');
    await rig.remove('data/link');
    await does(rig, 'checkout', '-f');
    expect(await readlink(rig.path('data/link'))).toBe('../../outside');
    await save(rig, 'all');
    await rig.run('mv', ['sub', 'away']);
    await symlink('../outside', rig.path('sub'));
    await rig.write({ '../outside/x.pipe': await rig.read('away/x.pipe') });
    for (const args of [
      ['add', 'sub/x'],
      ['checkout', '-f'],
      ['commit', '-f'],
      ['remove', '--outs', '-f', 'sub/x'],
      ['move', 'sub/x', 'y'],
      ['unprotect', 'sub/x'],
    ]) {
      await rig.pipe(args);
      expect([args, await rig.read('../outside/x'), await rig.files('../outside')]).toEqual([
        args,
        'theirs',
        ['x', 'x.pipe'],
      ]);
    }
  });
});
