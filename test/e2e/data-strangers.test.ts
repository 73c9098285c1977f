import { mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Digest } from '../../src/kit/digest.ts';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { storeLayout } from '../../src/store/layout.ts';
import type { Entry } from '../../src/store/tree.ts';
import { encodeTree } from '../../src/store/tree.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, files, project, refuses, save } from './data/commands.ts';
import { watchChanges } from './faults/calls.ts';
import { contents, isTemporary } from './faults/contents.ts';
import { withFoldingDisk } from './faults/disk.ts';
import { expectProblems } from './faults/problem.ts';

const blake3 = await loadBlake3();

/** Puts bytes into the store, as a stranger could who knows the format; under another digest, too. */
async function plant(rig: Rig, text: string, digest: Digest = blake3.hash(text)): Promise<Digest> {
  const path = storeLayout(rig.path('.pipe/cache')).loose(digest);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return digest;
}

/** What a pointer of a stranger says of the folder `data`. */
interface Said {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

function pointerText({ digest, size, files: count }: Said, path = 'data'): string {
  return `schema: pipe.pointer/1\nouts:\n  - path: ${JSON.stringify(path)}\n    digest: ${digest}\n    size: ${size}\n    files: ${count}\n`; // prettier-ignore
}

/** A project with a store, and a folder that a pointer of a stranger tracks. */
async function strange(rig: Rig, make: () => Promise<Said>): Promise<void> {
  await project(rig);
  await rig.write({ own: 'own\n' });
  await does(rig, 'add', 'own');
  await rig.write({ 'data.pipe': pointerText(await make()) });
  await save(rig, 'from a stranger');
}

const COMMANDS = [
  ...[
    ['status'],
    ['data', 'status', '--granular'],
    ['diff', 'HEAD', 'workspace'],
    ['du'],
    ['fsck'],
    ['fsck', '--repair'],
  ],
  ...[
    ['checkout'],
    ['checkout', '-f', '--relink'],
    ['checkout', 'data/x'],
    ['move', 'data/x', 'data/z'],
    ['move', 'data/x', 'y'],
  ],
  ...[['remove', 'data/x'], ['gc', '-w', '--dry'], ['gc', '-w', '-f'], ['repro']],
];

/**
 * What each command says of a list that is none: all but it is well.
 * @param problem that of who must change it
 * @param collecting what a collection says; of wrong bytes that were set aside it need not know, where nothing is to go
 */
function saidOfWrongList(problem: string, collecting = '2 PIPE_STORE_DAMAGED'): Readonly<Record<string, string>> {
  return {
    ...{ status: '0', 'data status --granular': '0', 'diff HEAD workspace': '0', du: '0', repro: '0' },
    ...{ fsck: '1', 'fsck --repair': '1', checkout: '1', 'checkout -f --relink': '1', 'checkout data/x': '1' },
    ...{ 'move data/x data/z': `2 ${problem}`, 'move data/x y': `2 ${problem}`, 'remove data/x': `2 ${problem}` },
    ...{ 'gc -w --dry': collecting, 'gc -w -f': collecting },
  };
}

/** What each command says of a pointer with more files than any folder has. */
const SAID_OF_TOO_MANY = {
  ...{ 'diff HEAD workspace': '1', du: '0', fsck: '1', 'fsck --repair': '1', repro: '0' },
  ...Object.fromEntries(
    ['status', 'data status --granular', 'checkout', 'checkout -f --relink', 'checkout data/x'].map((line) => [line, '2 PIPE_FIELD_VALUE']), // prettier-ignore
  ),
  ...Object.fromEntries(['move data/x data/z', 'move data/x y', 'remove data/x'].map((line) => [line, '2 PIPE_FIELD_VALUE'])), // prettier-ignore
  ...{ 'gc -w --dry': '2 PIPE_POINTER_FORMAT', 'gc -w -f': '2 PIPE_POINTER_FORMAT' },
};

/** Every command ends soon, and puts nothing where it does not belong; what each says, `0` or a code and its problem. */
async function allEnd(rig: Rig, expected: Readonly<Record<string, string>>, commands = COMMANDS): Promise<void> {
  const before = await contents(rig);
  const said: Record<string, string> = {};
  for (const args of commands) {
    const run = await rig.pipe(args, { limit: 30_000 });
    const told = `${args.join(' ')}\n${run.stdout.slice(0, 2_000)}\n${run.stderr.slice(0, 2_000)}`;
    expect(run.stderr, told).not.toMatch(/\n {4}at /);
    expect(Buffer.byteLength(run.stdout + run.stderr), told).toBeLessThan(100_000);
    const codes = run.stderr.match(/\bPIPE_[A-Z0-9_]+(?= {2})/g) ?? [];
    // Where there is no problem of its own, what is wrong stands in what it found out.
    expect(run.code === 0 || codes.length === 1 || run.stdout !== '', told).toBe(true);
    said[args.join(' ')] = [String(run.code), ...codes].join(' ');
  }
  const wanted = Object.entries(expected).filter(([line]) => commands.some((args) => args.join(' ') === line));
  expect(said).toEqual(Object.fromEntries(wanted));
  expect(await contents(rig)).toEqual(before);
  expect(await rig.exists('../evil')).toBe(false);
  expect(await rig.read('.git/HEAD')).toContain('ref:');
  await rig.remove('data.pipe');
  await does(rig, 'add', 'own');
}

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
    await strange(rig, async () => {
      const digest = blake3.hash('myself');
      const tree = encodeTree(new Map([['x', { kind: 'dir', digest, size: 1, files: 1 }]]));
      return { digest: await plant(rig, tree, digest), size: 1, files: 1 };
    });
    await allEnd(rig, saidOfWrongList('PIPE_OBJECT_MISSING', '0'));
  });

  test.for([
    ['nests 5,000 deep', 5_000, 1],
    ['stands for 2^40 files', 40, 2],
    ['stands for a billion files', 9, 10],
    ['stands for 2^400 files', 400, 2],
  ] as const)('that %s is refused, soon', async ([, depth, width], { rig }) => {
    await strange(rig, async () => {
      let said: Said = { digest: await plant(rig, 'x'), size: 1, files: 1 };
      for (let level = 0; level < depth; level += 1) {
        const kind = level === 0 ? 'file' : 'dir';
        const { digest, size, files: count } = said;
        const entry: Entry = kind === 'file' ? { kind, digest, size } : { kind, digest, size, files: count };
        const names = Array.from({ length: width }, (_, at) => (at === 0 ? 'x' : `y${at}`));
        const tree = encodeTree(new Map(names.map((name) => [name, entry] as const)));
        // No number of files is larger than what can be counted.
        const total = (each: number): number => Math.min(each * width, Number.MAX_SAFE_INTEGER);
        said = { digest: await plant(rig, tree), size: total(size), files: total(count) };
      }
      return said;
    });
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

test.for([
  '../evil',
  '/tmp/evil',
  '.git/hooks/post-checkout',
  '.pipe/config.yaml',
  'pipeline.yaml',
  'a/../../evil',
  '.',
  '',
])('a pointer to %j is one problem for every command that writes, and nothing is written', async (path, { rig }) => {
  await strange(rig, async () => ({ digest: await plant(rig, 'x'), size: 1, files: 1 }));
  await rig.write({ 'data.pipe': pointerText({ digest: blake3.hash('x'), size: 1, files: 1 }, path) });
  for (const args of [['checkout'], ['checkout', '-f'], ['commit'], ['gc', '-w', '-f'], ['unprotect', 'data']]) {
    const run = await rig.pipe(args);
    expect([args, run.code, run.stderr]).toEqual([
      args,
      2,
      expect.stringMatching(args[0] === 'gc' ? /^(?:data\.pipe.*)?PIPE_/ : /^data\.pipe.*PIPE_/),
    ]);
  }
  expect(await rig.exists('../evil')).toBe(false);
  expect(await rig.exists('.git/hooks/post-checkout')).toBe(false);
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
