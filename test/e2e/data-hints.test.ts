import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

async function pipe(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return run.stdout;
}

async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await rig.write({ f: '1\n' });
  await pipe(rig, 'add', 'f');
}

async function commit(rig: Rig, message: string): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', message);
}

test('marks of a merge in a pointer: every command names what takes them out, and diff does not say that nothing changed', async ({
  rig,
}) => {
  await start(rig);
  await commit(rig, 'one');
  await rig.write({ 'f.pipe': `<<<<<<< ours\n${await rig.read('f.pipe')}=======\n>>>>>>> theirs\n` });
  for (const args of [['status'], ['data', 'status'], ['checkout'], ['add', 'f'], ['gc', '-w', '-f']]) {
    const run = await rig.pipe(args);
    expect(run.stdout + run.stderr, args.join(' ')).toContain('pipe resolve --ours f.pipe');
  }
  const diff = await rig.pipe(['diff']);
  expect(diff.code).toBe(1);
  expect(diff.stdout).not.toContain('Nothing changed.');
  expect(diff.stdout).toContain('Not read:');
  expect((await rig.pipe(['du'])).stdout).toContain('Of what is tracked, nothing could be read.');
});

test('what is handed to Git can be pasted, whatever names there are and whatever Git knows', async ({ rig }) => {
  await start(rig);
  const paste = async (output: string): Promise<void> => {
    const line = /^For Git: (.*)$/m.exec(output)?.[1];
    if (line === undefined) return;
    const run = await rig.run('bash', ['-c', line]);
    expect(run, line).toMatchObject({ code: 0, stderr: '' });
  };
  // Never told to Git, so there is nothing to tell.
  await paste(await pipe(rig, 'remove', 'f'));
  await paste(await pipe(rig, 'add', 'f'));
  await commit(rig, 'one');
  await paste(await pipe(rig, 'remove', 'f'));
  expect(await rig.git('status', '--short', '--', 'f.pipe', '.gitignore')).toBe('D  .gitignore\nD  f.pipe');
  for (const name of ["it's\t\\odd\n", '-dash', 'plain name']) {
    await rig.write({ [name]: 'x\n' });
    await paste(await pipe(rig, 'add', './' + name));
    expect(await rig.git('diff', '--cached', '--name-only', '-z')).toContain(`${name}.pipe\0`);
  }
});

test('two branches that each track something merge without a conflict', async ({ rig }) => {
  await start(rig);
  await pipe(rig, 'install');
  await commit(rig, 'one');
  await rig.git('checkout', '-q', '-b', 'other');
  await rig.write({ g: 'g\n' });
  await pipe(rig, 'add', 'g');
  await commit(rig, 'g');
  await rig.git('checkout', '-q', 'main');
  await rig.write({ h: 'h\n' });
  await pipe(rig, 'add', 'h');
  await commit(rig, 'h');
  await rig.git('merge', '-q', '--no-edit', 'other');
  expect((await rig.read('.gitignore')).split('\n').sort()).toEqual(['', '/f', '/g', '/h']);
});

test('what the store lacks comes with a hint', async ({ rig }) => {
  await start(rig);
  await rig.remove('f', '.pipe/cache');
  const run = await rig.pipe(['checkout']);
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(/the cache lacks f\n[^]*`pipe pull`[^]*`pipe fsck --repair`/);
});

test('help of a command, folders that are no cache, and an empty trash as JSON', async ({ rig }) => {
  await start(rig);
  expect(await pipe(rig, 'help', 'add')).toBe(await pipe(rig, 'add', '--help'));
  expect(await pipe(rig, 'help', 'remote')).toBe(await pipe(rig, 'remote', '--help'));
  for (const folder of ['.', '.pipe', '.git/x', '..']) {
    expect((await rig.pipe(['cache', 'dir', folder])).stderr).toContain('cannot be the cache');
  }
  const undo = (await rig.pipe(['gc', '--undo', '--json'])).json<object>();
  expectValid(undo);
  expect(undo).toMatchObject({ undone: { files: 0, since: null } });
});
