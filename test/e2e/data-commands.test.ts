import { readlink, stat } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { does, pointer, project, refuses, save } from './data/commands.ts';

describe.concurrent('tracked files and folders', () => {
  test('follow the branches of Git', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'raw.csv': '1\n', 'data/a.txt': 'a', 'data/sub/b.txt': 'b' });
    await does(rig, 'add', 'raw.csv', 'data');
    await save(rig, 'first');
    await rig.git('checkout', '-b', 'other');
    await rig.write({ 'raw.csv': '2\n', 'data/a.txt': 'A', 'data/c.txt': 'c' });
    await rig.remove('data/sub');
    await does(rig, 'commit');
    await save(rig, 'second');
    expect(await rig.git('status', '--porcelain')).toBe('');
    await rig.git('checkout', 'main');
    expect(await does(rig, 'checkout')).toMatchObject({ added: 1, modified: 2, deleted: 1, missing: 0 });
    expect(await rig.files('data')).toEqual(['a.txt', 'sub/b.txt']);
    expect([await rig.read('raw.csv'), await rig.read('data/a.txt')]).toEqual(['1\n', 'a']);
    await rig.git('checkout', 'other');
    await does(rig, 'checkout');
    expect(await rig.files('data')).toEqual(['a.txt', 'c.txt']);
    expect([await rig.read('raw.csv'), await rig.read('data/a.txt')]).toEqual(['2\n', 'A']);
    expect(await does(rig, 'checkout')).toMatchObject({ added: 0, modified: 0, deleted: 0 });
  });

  test('a file that became a folder, and back', async ({ rig }) => {
    await project(rig);
    await rig.write({ data: 'file' });
    await does(rig, 'add', 'data');
    await save(rig, 'file');
    await rig.remove('data');
    await rig.write({ 'data/inside': 'folder' });
    await does(rig, 'add', 'data');
    expect(await pointer(rig, 'data.pipe')).toMatchObject({ path: 'data', files: 1 });
    await save(rig, 'folder');
    await rig.git('checkout', 'HEAD~1');
    await does(rig, 'checkout');
    expect(await rig.read('data')).toBe('file');
  });

  test('names with line ends, quotes and two forms of one letter', async ({ rig }) => {
    await project(rig);
    const names = ['é', 'e\u0301', 'a\nb', ' spaces ', '"quoted"', '#x', 'über: alles'];
    await rig.write(Object.fromEntries(names.map((name) => [name, name])));
    await does(rig, 'add', ...names);
    expect(await rig.git('status', '--porcelain', '-z', '-uall')).not.toContain('?? é\0');
    await rig.remove(...names);
    await does(rig, 'checkout');
    for (const name of names) expect(await rig.read(name)).toBe(name);
  });

  test('adding again changes nothing; what cannot be tracked is refused before anything is stored', async ({ rig }) => {
    await project(rig);
    await rig.write({
      'pipeline.yaml': { stages: { make: { cmd: 'echo x > made', outs: ['made'] } } },
      'a.txt': 'a',
      '.pipe/x': 'x',
    });
    await rig.pipe(['repro']);
    await does(rig, 'add', 'a.txt');
    expect(await does(rig, 'add', 'a.txt', './a.txt')).toMatchObject({ added: [{ state: 'unchanged' }] });
    expect(await refuses(rig, 'add', 'made')).toEqual(['PIPE_STAGE_OUT']);
    expect(await refuses(rig, 'add', '.pipe/x', '.git/config')).toEqual(['PIPE_PATH_RESERVED', 'PIPE_PATH_RESERVED']);
    expect(await refuses(rig, 'add', 'none')).toEqual(['PIPE_DEP_MISSING']);
    await rig.remove('a.txt');
    const run = await rig.pipe(['add', 'a.txt']);
    expect(run.stderr).toContain('pipe checkout a.txt');
    await does(rig, 'freeze', 'a.txt');
    await rig.write({ 'a.txt': 'changed' });
    expect(await refuses(rig, 'add', 'a.txt')).toEqual(['PIPE_FROZEN']);
  });

  test('--glob, --out, and --no-commit with a commit later', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'x/1.csv': '1', 'x/2.csv': '2', 'x/3.txt': '3' });
    await does(rig, 'add', '--glob', 'x/*.csv', 'x/3.txt');
    await does(rig, 'remove', 'x/3.txt.pipe');
    expect((await rig.files('x')).filter((name) => name.endsWith('.pipe'))).toEqual(['1.csv.pipe', '2.csv.pipe']);
    await does(rig, 'add', 'x/3.txt', '-o', 'y/three.txt');
    expect(await rig.read('y/three.txt')).toBe('3');
    expect(await refuses(rig, 'add', 'x/1.csv', '-o', 'y/three.txt')).toEqual(['PIPE_USAGE']);
    await does(rig, 'add', 'x/1.csv', '-o', 'y/three.txt', '-f');
    expect(await rig.read('y/three.txt')).toBe('1');
    await rig.write({ late: 'late' });
    await does(rig, 'add', '--no-commit', 'late');
    await rig.remove('late');
    expect((await rig.pipe(['checkout', 'late'])).code).toBe(1);
    await rig.write({ late: 'late' });
    await does(rig, 'commit', 'late');
    await rig.remove('late');
    await does(rig, 'checkout', 'late');
    expect(await rig.read('late')).toBe('late');
  });

  test('add and commit --no-relink leave the files as they are, whatever cache.type says', async ({ rig }) => {
    await project(rig);
    await rig.pipe(['config', 'cache.type', 'hardlink']);
    const links = async (): Promise<number[]> => Promise.all(['one', 'data/in'].map(async (name) => (await stat(rig.path(name))).nlink)); // prettier-ignore
    await rig.write({ one: '1'.repeat(100_000), 'data/in': 'i'.repeat(100_000) });
    await does(rig, 'add', '--no-relink', 'one', 'data');
    expect(await links()).toEqual([1, 1]);
    expect(await does(rig, 'add', 'one', 'data')).toMatchObject({ added: [{ state: 'unchanged' }, { state: 'unchanged' }] }); // prettier-ignore
    expect(await links()).toEqual([2, 2]);
    await rig.remove('one', 'data/in');
    await rig.write({ one: '2'.repeat(100_000), 'data/in': 'j'.repeat(100_000) });
    await does(rig, 'commit', '--no-relink');
    expect(await links()).toEqual([1, 1]);
    await does(rig, 'commit');
    expect(await links()).toEqual([2, 2]);
  });

  test('two adds at once both count, also in one tracked folder', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a': 'a' });
    await does(rig, 'add', 'data');
    const names = ['b', 'c', 'd', 'e'];
    await rig.write(Object.fromEntries(names.flatMap((name) => [[`data/${name}`, name], [`${name}.txt`, name]]))); // prettier-ignore
    const runs = await Promise.all(names.map((name) => rig.pipe(['add', `data/${name}`, `${name}.txt`])));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await pointer(rig, 'data.pipe')).toMatchObject({ files: 5 });
    await rig.remove('data', ...names.map((name) => `${name}.txt`));
    await does(rig, 'checkout');
    expect(await rig.files('data')).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const name of names) expect(await rig.read(`${name}.txt`)).toBe(name);
  });
});

describe.concurrent('checkout', () => {
  test('loses nothing that is not in the store, unless it is forced', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a': 'a', 'one.txt': 'one' });
    await does(rig, 'add', 'data', 'one.txt');
    await rig.write({ 'data/new': 'unsaved', 'one.txt': 'edited' });
    expect(await refuses(rig, 'checkout')).toEqual(['PIPE_UNSAVED', 'PIPE_UNSAVED']);
    expect([await rig.read('data/new'), await rig.read('one.txt')]).toEqual(['unsaved', 'edited']);
    await does(rig, 'checkout', '--force');
    expect([await rig.files('data'), await rig.read('one.txt')]).toEqual([['a'], 'one']);
  });

  test('takes stages, pointers, paths inside folders, whole folders, and what they need', async ({ rig }) => {
    await project(rig);
    const first = { cmd: 'cp in.txt mid', deps: ['in.txt'], outs: ['mid'] };
    await rig.write({
      'in.txt': 'x',
      'sub/data/a': 'a',
      'sub/data/b': 'b',
      'sub/c': 'c',
      'pipeline.yaml': { stages: { first, second: { cmd: 'cp mid end', deps: ['mid'], outs: ['end'] } } },
    });
    await does(rig, 'add', 'sub/data', 'sub/c');
    await rig.pipe(['repro']);
    const all = ['mid', 'end', 'sub/data', 'sub/c'];
    const there = async (...args: string[]): Promise<string[]> => {
      await rig.remove(...all);
      await does(rig, 'checkout', ...args);
      const found = await rig.files();
      return found.filter((name) => all.some((each) => name === each || name.startsWith(`${each}/`)));
    };
    expect(await there('second')).toEqual(['end']);
    expect(await there('-d', 'second')).toEqual(['end', 'mid']);
    expect(await there('sub/data/b')).toEqual(['sub/data/b']);
    expect(await there('sub/c.pipe')).toEqual(['sub/c']);
    expect(await there('-R', 'sub')).toEqual(['sub/c', 'sub/data/a', 'sub/data/b']);
    await rig.remove(...all);
    expect((await rig.pipe(['checkout', '--summary'])).stdout).toBe('Files: 5 added, 0 modified, 0 deleted.\n');
  });

  test('--relink changes the links, --allow-missing goes on without what the store lacks', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'big.bin': 'x'.repeat(100_000), 'small.txt': 'small' });
    await does(rig, 'add', 'big.bin', 'small.txt');
    await rig.pipe(['config', 'cache.type', 'symlink']);
    await does(rig, 'checkout', '--relink');
    expect(await readlink(rig.path('big.bin'))).toContain('loose');
    expect(await does(rig, 'add', 'big.bin')).toMatchObject({ added: [{ state: 'unchanged', size: 100_000 }] });
    await does(rig, 'config', 'cache.type', 'copy');
    await does(rig, 'checkout', '--relink');
    expect((await stat(rig.path('big.bin'))).isFile()).toBe(true);
    await expect(readlink(rig.path('big.bin'))).rejects.toThrow('EINVAL');
    const hex = (await pointer(rig, 'big.bin.pipe')).digest.slice(3);
    await rig.remove('big.bin', 'small.txt', `.pipe/cache/v1/loose/${hex.slice(0, 2)}/${hex.slice(2)}`);
    expect((await rig.pipe(['checkout'])).code).toBe(1);
    await rig.remove('small.txt');
    expect((await rig.pipe(['checkout', '--allow-missing'])).code).toBe(0);
    expect(await rig.read('small.txt')).toBe('small');
  });

  test('what .pipeignore leaves out of a tracked folder survives everything', async ({ rig }) => {
    await project(rig);
    await rig.write({ '.pipeignore': '*.log\n', 'data/a': 'a', 'data/keep.log': 'mine', 'data/sub/b': 'b', 'data/sub/keep.log': 'mine' }); // prettier-ignore
    await does(rig, 'add', 'data');
    await save(rig, 'first');
    await rig.write({ 'data/a': 'A' });
    await rig.remove('data/sub/b');
    await does(rig, 'commit');
    await does(rig, 'remove', 'data/sub');
    await rig.git('checkout', '.');
    await does(rig, 'checkout');
    expect(await rig.files('data')).toContain('keep.log');
    expect(await rig.files('data')).toContain('sub/keep.log');
    await does(rig, 'checkout', '--relink');
    expect(await rig.files('data')).toEqual(expect.arrayContaining(['keep.log', 'sub/keep.log']));
    await rig.git('rm', '-q', '--cached', 'data.pipe');
    await does(rig, 'remove', 'data');
    await rig.run('mv', ['data', 'folder']);
    await rig.write({ data: 'a file' });
    await does(rig, 'add', 'data');
    await rig.remove('data');
    await rig.run('mv', ['folder', 'data']);
    expect(await refuses(rig, 'checkout', '-f')).toEqual(['PIPE_FOLDER_NOT_EMPTY']);
    expect(await rig.read('data/sub/keep.log')).toBe('mine');
  });

  test('what .pipeignore leaves out is not overwritten by what is recorded of the same name', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a': 'a', 'data/x.log': 'recorded' });
    await does(rig, 'add', 'data');
    await rig.write({ '.pipeignore': '*.log\n' });
    await does(rig, 'checkout');
    await rig.write({ 'data/x.log': 'mine' });
    expect(await refuses(rig, 'checkout')).toEqual(['PIPE_UNSAVED']);
    expect(await rig.read('data/x.log')).toBe('mine');
    await rig.remove('data/x.log');
    await does(rig, 'checkout');
    expect(await rig.read('data/x.log')).toBe('recorded');
  });

  test('--relink changes the links inside a folder file by file', async ({ rig }) => {
    await project(rig);
    const large = { 'data/large': 'l'.repeat(100_000), 'data/sub/large': 'm'.repeat(100_000) };
    const small = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`data/small/${at}`, `${at}`]));
    await rig.write({ ...large, ...small });
    await does(rig, 'add', 'data');
    const inode = async (name: string): Promise<number> => (await stat(rig.path(name))).ino;
    const [before, folder] = [await inode('data/small/1'), await inode('data')];
    await rig.pipe(['config', 'cache.type', 'hardlink']);
    expect(await does(rig, 'checkout', '--relink')).toMatchObject({ paths: [{ path: 'data', state: 'unchanged' }] });
    for (const name of Object.keys(large)) expect((await stat(rig.path(name))).nlink).toBe(2);
    expect([await inode('data/small/1'), await inode('data')]).toEqual([before, folder]);
    await rig.pipe(['config', 'cache.type', 'copy']);
    await does(rig, 'checkout', '--relink');
    for (const name of Object.keys(large)) expect((await stat(rig.path(name))).nlink).toBe(1);
    expect(await does(rig, 'checkout')).toMatchObject({ paths: [{ path: 'data', state: 'unchanged' }] });
  });
});

describe.concurrent('commit', () => {
  test('records outs as they are, and asks for force when their stage changed', async ({ rig }) => {
    await project(rig);
    const stage = { cmd: 'cp in.txt out.txt', deps: ['in.txt'], outs: ['out.txt'] };
    await rig.write({ 'in.txt': '1', 'pipeline.yaml': { stages: { make: stage, never: { cmd: 'x', outs: ['y'] } } } });
    await rig.pipe(['repro', 'make', '--no-commit']);
    await rig.remove('out.txt');
    expect((await rig.pipe(['checkout', 'make'])).code).toBe(1);
    await rig.write({ 'out.txt': '1' });
    expect(await does(rig, 'commit')).toMatchObject({ committed: [{ path: 'make', state: 'stored' }, { path: 'never', state: 'missing' }] }); // prettier-ignore
    await rig.remove('out.txt');
    await does(rig, 'checkout', 'make');
    expect(await rig.read('out.txt')).toBe('1');
    await rig.write({ 'out.txt': 'by hand' });
    expect(await does(rig, 'commit', 'make')).toMatchObject({ committed: [{ state: 'changed' }] });
    expect((await rig.pipe(['status', '--quiet', 'make'])).code).toBe(0);
    await rig.write({ 'in.txt': '2' });
    expect(await refuses(rig, 'commit', 'make')).toEqual(['PIPE_COMMIT_CHANGED']);
    await does(rig, 'commit', '-f', 'out.txt');
    expect((await rig.pipe(['status', '--quiet', 'make'])).code).toBe(0);
    expect(await refuses(rig, 'commit', 'never')).toEqual(['PIPE_OUT_MISSING']);
  });

  test('-d takes what the targets need, too; -R what is tracked below folders', async ({ rig }) => {
    await project(rig);
    const first = { cmd: 'cp in mid', deps: ['in'], outs: ['mid'] };
    const second = { cmd: 'cp mid end', deps: ['mid'], outs: ['end'] };
    await rig.write({
      in: '1',
      'sub/a': '1',
      'sub/deep/b': '1',
      c: '1',
      'pipeline.yaml': { stages: { first, second } },
    });
    await does(rig, 'add', 'in', 'sub/a', 'sub/deep/b', 'c');
    expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
    await rig.remove('in', 'mid', 'end');
    await rig.write({ in: '2', mid: '2', end: '2', 'sub/a': '2', 'sub/deep/b': '2', c: '2' });
    const committed = async (...args: string[]): Promise<string[]> => {
      const done = await does<{ committed: { path: string; state: string }[] }>(rig, 'commit', ...args);
      return done.committed.filter(({ state }) => state === 'changed').map(({ path }) => path);
    };
    expect(await committed('-f', 'second')).toEqual(['second']);
    expect(await committed('-f', '-d', 'second')).toEqual(['in', 'first']);
    expect((await rig.pipe(['status', '--quiet', 'second'])).code).toBe(0);
    expect(await committed('-R', 'sub')).toEqual(['sub/a', 'sub/deep/b']);
    expect(await refuses(rig, 'commit', 'sub/nothing')).toEqual(['PIPE_TARGET_UNKNOWN']);
    expect(await committed()).toEqual(['c']);
  });

  test('of a stage that was not stored by its run, lets it be restored from then on', async ({ rig }) => {
    await project(rig);
    const stage = { cmd: 'echo ran >> log; cp in.txt out.txt', deps: ['in.txt'], outs: ['out.txt'] };
    await rig.write({ 'in.txt': '1', 'pipeline.yaml': { stages: { make: stage } } });
    await rig.pipe(['repro', '--no-commit']);
    await does(rig, 'commit');
    await rig.write({ 'in.txt': '2' });
    await rig.pipe(['repro']);
    await rig.write({ 'in.txt': '1' });
    await rig.pipe(['repro']);
    expect([await rig.read('out.txt'), await rig.read('log')]).toEqual(['1', 'ran\nran\n']);
  });

  test('leaves frozen pointers alone, unless one is named with force', async ({ rig }) => {
    await project(rig);
    await rig.write({ a: '1', b: '1' });
    await does(rig, 'add', 'a', 'b');
    await does(rig, 'freeze', 'a');
    const before = await pointer(rig, 'a.pipe');
    await rig.write({ a: '2', b: '2' });
    const states = [{ path: 'a', state: 'frozen' }, { path: 'b', state: 'changed' }]; // prettier-ignore
    expect(await does(rig, 'commit', '-f')).toMatchObject({ committed: states });
    expect(await does(rig, 'commit', 'a')).toMatchObject({ committed: [{ state: 'frozen' }] });
    expect(await pointer(rig, 'a.pipe')).toEqual(before);
    expect(await does(rig, 'commit', '-f', 'a')).toMatchObject({ committed: [{ state: 'changed' }] });
  });
});
