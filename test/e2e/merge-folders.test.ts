import { expect } from 'vitest';
import { parseData } from '../../src/kit/format/data.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

type Files = Readonly<Record<string, string>>;

/** A tracked folder, committed, with the merge driver. */
async function project(rig: Rig, files: Files = { 'data/a': '1\n', 'data/b': '2\n' }): Promise<void> {
  await rig.git('init', '-q');
  await rig.write(files);
  await rig.pipe(['init']);
  await rig.pipe(['install']);
  await commitAll(rig, 'data', 'start');
}

/** Tracks what lies at a path, and commits that. */
async function commitAll(rig: Rig, path: string, message: string): Promise<void> {
  expect(await rig.pipe(['add', path])).toMatchObject({ code: 0 });
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', message);
}

/** Commits changed files on a branch of its own, and goes back to main. */
async function branch(rig: Rig, files: Files, add = 'data'): Promise<void> {
  await rig.git('switch', '-q', '-c', 'other');
  await rig.write(files);
  await commitAll(rig, add, 'other');
  await rig.git('switch', '-q', 'main');
}

test('two branches that add files to one folder merge, and both have all files', async ({ rig }) => {
  await project(rig);
  await branch(rig, { 'data/c': '3\n' }, 'data/c');
  await rig.pipe(['checkout', '-f']);
  await rig.write({ 'data/d': '4\n' });
  await rig.remove('data/b');
  await commitAll(rig, 'data', 'main');
  const merge = await rig.run('git', ['merge', '-q', '--no-edit', 'other']);
  expect(merge).toMatchObject({ code: 0 });
  expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
  for (const [name, text] of Object.entries({ a: '1\n', c: '3\n', d: '4\n' })) {
    expect(await rig.read(`data/${name}`)).toBe(text);
  }
  expect(await rig.exists('data/b')).toBe(false);
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
  expect(await rig.pipe(['fsck'])).toMatchObject({ code: 0 });
  // Nothing is left to record: the merged list is the one of the folder.
  await rig.pipe(['add', 'data']);
  expect(await rig.git('status', '--short')).toBe('');
  const [out] = (parseData(await rig.read('data.pipe'), 'yaml') as ReadonlyMap<string, readonly ReadonlyMap<string, unknown>[]>).get('outs')!; // prettier-ignore
  expect(out).toEqual(new Map<string, unknown>([['path', 'data'], ['digest', expect.any(String)], ['size', 6n], ['files', 3n]])); // prettier-ignore
});

test('a collection between the merge of a folder and its record takes nothing of it', async ({ rig }) => {
  await project(rig);
  await branch(rig, { 'data/c': '3\n' });
  await rig.pipe(['checkout', '-f']);
  await rig.write({ 'data/d': '4\n' });
  await commitAll(rig, 'data', 'main');
  const side = async (name: string, revision: string) => rig.write({ [name]: `${await rig.git('show', `${revision}:data.pipe`)}\n` }); // prettier-ignore
  await side('../base', 'main~1');
  await side('../ours', 'main');
  await side('../theirs', 'other');
  const driver = ['merge-driver', '--ancestor', '../base', '--our', '../ours', '--their', '../theirs', '--path', 'data.pipe']; // prettier-ignore
  expect(await rig.pipe(driver)).toMatchObject({ code: 0 });
  // Git has the merged text, and writes it when it has merged everything else.
  expect(await rig.pipe(['gc', '-w', '-f'])).toMatchObject({ code: 0, stderr: '' });
  await rig.write({ 'data.pipe': await rig.read('../ours') });
  await rig.remove('data');
  expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
  expect(await rig.files('data')).toEqual(['a', 'b', 'c', 'd']);
  // A merge that never was is forgotten after a day.
  const note = (await rig.read('.pipe/tmp/merged.jsonl')).replace(/"at":\d+/g, '"at":1000');
  await rig.git('checkout', '-q', 'data.pipe');
  await rig.write({ '.pipe/tmp/merged.jsonl': `not JSON\n${note}` });
  const { stdout } = await rig.pipe(['gc', '-w', '-f', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ objects: expect.any(Number) as number });
  expect((JSON.parse(stdout) as { objects: number }).objects).toBeGreaterThan(0);
});

test('a file that both branches changed is named, and either side has all that was added', async ({ rig }) => {
  await project(rig);
  await branch(rig, { 'data/a': 'theirs\n', 'data/c': '3\n' });
  await rig.write({ 'data/a': 'of main\n', 'data/d': '4\n' });
  await commitAll(rig, 'data', 'main');
  const merge = await rig.run('git', ['merge', 'other']);
  expect(merge.code).toBe(1);
  const said = merge.stdout + merge.stderr;
  expect(said).toMatch(/data\/a: b3:[0-9a-f]{12} \(8 bytes\) on our side, b3:[0-9a-f]{12} \(7 bytes\) on theirs/);
  expect(said).not.toContain('data/c');
  expect(said).toContain('`pipe resolve --ours data.pipe` or `pipe resolve --theirs data.pipe`');
  const marked = await rig.read('data.pipe');
  for (const [side, text] of [
    ['ours', 'of main\n'],
    ['theirs', 'theirs\n'],
  ] as const) {
    // prettier-ignore
    await rig.write({ 'data.pipe': marked });
    const resolved = await rig.pipe(['resolve', `--${side}`, 'data.pipe', '--json']);
    expect(resolved).toMatchObject({ code: 0, stderr: '' });
    expectValid(JSON.parse(resolved.stdout));
    expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
    for (const [name, content] of Object.entries({ a: text, b: '2\n', c: '3\n', d: '4\n' })) {
      expect(await rig.read(`data/${name}`)).toBe(content);
    }
  }
  expect(await rig.pipe(['resolve', '--ours', 'data.pipe'])).toMatchObject({ code: 2 });
});

test('both branches track a folder that the other does not have', async ({ rig }) => {
  await project(rig);
  await branch(rig, { 'more/in/x': 'x\n', 'more/in/same': '1\n' }, 'more/in');
  await rig.remove('more');
  await rig.write({ 'more/in/y': 'y\n', 'more/in/same': '1\n' });
  await commitAll(rig, 'more/in', 'main');
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'other'])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
  expect(await rig.read('more/in/x')).toBe('x\n');
  expect(await rig.read('more/in/y')).toBe('y\n');
});

test('without the lists of files a merge says what brings them, and works with them', async ({ rig }) => {
  await project(rig);
  await rig.pipe(['remote', 'add', '-d', 'far', '../far']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', 'remote');
  await branch(rig, { 'data/c': '3\n' });
  await rig.pipe(['checkout', '-f']);
  await rig.write({ 'data/d': '4\n' });
  await commitAll(rig, 'data', 'main');
  expect(await rig.pipe(['push', '--all-commits'])).toMatchObject({ code: 0 });
  await rig.remove('.pipe/cache');
  const merge = await rig.run('git', ['merge', 'other']);
  expect(merge.code).toBe(1);
  expect(merge.stdout + merge.stderr).toContain('lacks the list of files of the common ancestor and our side and their side'); // prettier-ignore
  expect(merge.stdout + merge.stderr).toContain('pipe fetch --all-commits');
  await rig.git('merge', '--abort');
  expect(await rig.pipe(['fetch', '--all-commits'])).toMatchObject({ code: 0 });
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'other'])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
  expect([await rig.read('data/c'), await rig.read('data/d')]).toEqual(['3\n', '4\n']);
});

test('a merge over two common ancestors that differ is one of all files', async ({ rig }) => {
  await project(rig);
  await branch(rig, { 'data/c': '3\n' });
  await rig.pipe(['checkout', '-f']);
  await rig.write({ 'data/d': '4\n' });
  await commitAll(rig, 'data', 'main');
  const [main, other] = [await rig.git('rev-parse', 'main'), await rig.git('rev-parse', 'other')];
  // Each takes in the other once, so that neither first commit is the only common ancestor.
  for (const [mine, theirs, file] of [
    ['other', main, 'e'],
    ['main', other, 'f'],
  ] as const) {
    // prettier-ignore
    await rig.git('switch', '-q', mine);
    expect(await rig.run('git', ['merge', '-q', '--no-edit', theirs])).toMatchObject({ code: 0 });
    await rig.pipe(['checkout', '-f']);
    await rig.write({ [`data/${file}`]: 'later\n' });
    await commitAll(rig, 'data', 'later');
  }
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'other'])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
  for (const file of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await rig.exists(`data/${file}`)).toBe(true);
});
