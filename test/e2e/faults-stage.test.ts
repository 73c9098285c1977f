import { chmod, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { eventsOf } from './faults/kill.ts';
import { expectFailure, expectProblems, outcomes, reproduce, setUp } from './faults/problem.ts';

const REPRO = ['repro', '--json'];

test('a stage that ends without making an out has failed, and runs again', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'echo x > a', deps: ['d'], outs: ['a', 'b'] } }, { d: '' });
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_OUT_MISSING');
  expect(await rig.exists('pipeline.lock')).toBe(false);
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_OUT_MISSING');
});

test('a stage that edits its own dep is told, and nothing is recorded', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'echo more >> d; echo x > a', deps: ['d'], outs: ['a'] } }, { d: 'one\n' });
  const { problem } = expectFailure(await rig.pipe(REPRO), 's', 'PIPE_DEP_CHANGED');
  expect(problem?.message).toContain('d changed');
  expect(await rig.exists('pipeline.lock')).toBe(false);
});

test('a stage that replaces or removes its own dep is told', async ({ rig }) => {
  const cmd = 'echo two > d.new; mv d.new d; rm -r f; echo x > a';
  await setUp(rig, { s: { cmd, deps: ['d', 'f'], outs: ['a'] } }, { d: 'one\n', 'f/g': '' });
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_DEP_CHANGED');
  expect(await rig.exists('pipeline.lock')).toBe(false);
});

test('a dep that changes while its stage runs makes that run count for nothing', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, { s: { cmd: `${command.line} && cp d a`, deps: ['d'], outs: ['a'] } }, { d: 'one\n' });
  const running = rig.spawn(REPRO);
  const call = await command.next();
  await rig.write({ d: 'two\n' });
  await call.exit();
  expectFailure(await running.done, 's', 'PIPE_DEP_CHANGED');
  const again = rig.spawn(REPRO);
  await (await command.next()).exit();
  expect(outcomes(await again.done)).toEqual({ s: 'ran' });
  expect(await rig.read('a')).toBe('two\n');
});

test('a parameter that changes while its stage runs makes that run count for nothing', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, { s: { cmd: command.line, params: ['n'], outs: ['a'] } }, { 'params.yaml': 'n: 1' });
  const running = rig.spawn(REPRO);
  const call = await command.next();
  await call.write({ a: 'x' });
  await rig.write({ 'params.yaml': 'n: 2' });
  await call.exit();
  expectFailure(await running.done, 's', 'PIPE_DEP_CHANGED');
});

test('two deps that swap their contents make a stage stale', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'cat x y > a', deps: ['x', 'y'], outs: ['a'] } }, { x: 'one\n', y: 'two\n' });
  await reproduce(rig);
  const times = await Promise.all(['x', 'y'].map((name) => stat(rig.path(name))));
  await rename(rig.path('x'), rig.path('z'));
  await rename(rig.path('y'), rig.path('x'));
  await rename(rig.path('z'), rig.path('y'));
  await utimes(rig.path('x'), times[0]!.atime, times[0]!.mtime);
  await utimes(rig.path('y'), times[1]!.atime, times[1]!.mtime);
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  expect(await rig.read('a')).toBe('two\none\n');
});

test('the same for two files of a folder, and for a file that only moved', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'head d/* > a', deps: ['d'], outs: ['a'] } }, { 'd/x': 'one\n', 'd/y': 'two\n' });
  await reproduce(rig);
  await rig.write({ 'd/x': 'two\n', 'd/y': 'one\n' });
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  await rename(rig.path('d/x'), rig.path('d/z'));
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
});

test('a dep of the same size that is changed at once and given its old time back is seen', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'cp d a', deps: ['d'], outs: ['a'] } }, { d: 'one\n' });
  await reproduce(rig);
  for (const word of ['two\n', 'six\n', 'ten\n']) {
    const { atime, mtime } = await stat(rig.path('d'));
    await rig.write({ d: word });
    await utimes(rig.path('d'), atime, mtime);
    expect(await reproduce(rig), word).toEqual({ s: 'ran' });
    expect(await rig.read('a')).toBe(word);
  }
});

test('a stage that rewrites an out of the one before, with its old time, is seen', async ({ rig }) => {
  const stages = {
    one: { cmd: 'echo one > a', deps: ['d'], outs: ['a'] },
    two: { cmd: 'cat a > b; touch -r a keep; echo two > a; touch -r keep a', deps: ['a'], outs: ['b'] },
  };
  await setUp(rig, stages, { d: '' });
  expect(outcomes(await rig.pipe(REPRO))).toEqual({ one: 'ran', two: 'failed' });
});

test('a dep through a symbolic link changes with what the link points to', async ({ rig }) => {
  await setUp(
    rig,
    { s: { cmd: 'cat d f/link > a', deps: ['d', 'f'], outs: ['a'] } },
    { x: 'one\n', y: 'two\n', 'f/g': '' },
  );
  await symlink('x', rig.path('d'));
  await symlink('../x', rig.path('f/link'));
  await reproduce(rig);
  await rig.write({ x: 'new\n' });
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  await rig.remove('d');
  await symlink('y', rig.path('d'));
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  expect(await rig.read('a')).toBe('two\nnew\n');
});

test('a dep that is a link to itself, or a folder that holds a link to a folder above, is one problem', async ({
  rig,
}) => {
  await setUp(rig, { s: { cmd: 'true', deps: ['d'] } }, {});
  await symlink('d', rig.path('d'));
  expectProblems(await rig.pipe(['repro']), 'PIPE_LINK_CYCLE');
  await rig.remove('d');
  await rig.write({ 'd/e/f': '' });
  await symlink('../..', rig.path('d/e/up'));
  expectProblems(await rig.pipe(['repro']), 'PIPE_LINK_CYCLE');
});

test('a dep that is a link to nothing is missing', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'true', deps: ['d'] } });
  await symlink('nowhere', rig.path('d'));
  expectProblems(await rig.pipe(['repro']), 'PIPE_DEP_MISSING');
});

test('links are stored as links, also those that lead nowhere, out of the project or in a circle', async ({ rig }) => {
  const cmd = 'mkdir o; ln -s nowhere o/a; ln -s /etc/passwd o/b; ln -s . o/c; ln -s d o/d; ln -s o e';
  await setUp(rig, { s: { cmd, deps: ['in'], outs: ['o', 'e'] } }, { in: '' });
  await reproduce(rig);
  await rig.remove('o', 'e');
  expect(await reproduce(rig)).toEqual({ s: 'restored' });
  expect(await rig.files('.')).toEqual(expect.arrayContaining(['o/a', 'o/b', 'o/c', 'o/d', 'e']));
});

test('an out behind a link that leads outside the project is refused, and nothing outside is touched', async ({
  rig,
}) => {
  await setUp(rig, { s: { cmd: 'echo x > link/a', deps: ['d'], outs: ['link/a'] } }, { d: '', '../outside/a': 'mine' });
  await symlink('../outside', rig.path('link'));
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_PATH_ESCAPES');
  expect(await rig.read('../outside/a')).toBe('mine');
});

test('an out below something that is a file, or a link to itself, is one problem', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'echo x > f/a', deps: ['d'], outs: ['f/a', 'f/b/c'] } }, { d: '', f: 'mine' });
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_STAGE_FAILED');
  expect(await rig.read('f')).toBe('mine');
  await rig.remove('f');
  await symlink('f', rig.path('f'));
  expectProblems(await rig.pipe(['repro']), 'PIPE_LINK_CYCLE');
});

test.for([
  ['fifo', 'mkfifo a'],
  ['socket', `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('a')"`],
  ['name that cannot be stored', 'mkdir -p a/.GIT'],
] as const)('a %s in an out is refused, and the next run gets over it', async ([, make], { rig }) => {
  const cmd = `if [ -e good ]; then echo x > a; else ${make}; fi`;
  await setUp(rig, { s: { cmd, deps: ['d'], outs: ['a'] } }, { d: '' });
  expectFailure(await rig.pipe(REPRO), 's', make.startsWith('mkdir') ? 'PIPE_NAME_UNSAFE' : 'PIPE_FILE_KIND');
  await rig.write({ good: '' });
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
});

test('a folder that is missing to work in is one problem', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'true', wdir: 'nowhere', outs: [] } });
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_COMMAND_START');
});

test('a stage may remove the folder it works in', async ({ rig }) => {
  const stages = {
    s: { cmd: ['cp ../d ../a', 'rm -r ../w'], wdir: 'w', deps: ['../d'], outs: ['../a'] },
  };
  await setUp(rig, stages, { d: 'x', 'w/y': '' });
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  expect((await rig.pipe(['status'])).stdout).toContain('up to date');
});

test('a second command whose folder the first removed cannot start', async ({ rig }) => {
  await setUp(rig, { s: { cmd: ['rm -r ../w', 'true'], wdir: 'w' } }, { 'w/y': '' });
  expectFailure(await rig.pipe(REPRO), 's', 'PIPE_COMMAND_START');
});

test('a SHELL that is not there, is no program or is a folder is one problem that names it', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'true' } }, { text: 'no program', 'folder/x': '' });
  await chmod(rig.path('text'), 0o644);
  for (const SHELL of ['/nowhere/sh', rig.path('text'), rig.path('folder')]) {
    const { problem } = expectFailure(await rig.pipe(REPRO, { env: { SHELL } }), 's', 'PIPE_COMMAND_START');
    expect(problem?.message).toContain(SHELL);
  }
});

test('a command that a signal ends has failed, with the name of the signal', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'kill -SEGV $$' } });
  const { problem } = expectFailure(await rig.pipe(REPRO), 's', 'PIPE_STAGE_FAILED');
  expect(problem?.message).toContain('SIGSEGV');
});

test('a secret that is not set stops the run before anything runs', async ({ rig }) => {
  await setUp(rig, { a: { cmd: 'touch a' }, s: { cmd: 'true', secrets: ['TOKEN'] } });
  expectProblems(await rig.pipe(['repro']), 'PIPE_SECRET_MISSING');
  expect(await rig.exists('a')).toBe(false);
});

test('output that is no text is kept as well as it can be, and breaks nothing', async ({ rig }) => {
  await setUp(rig, {
    s: { cmd: String.raw`printf '\000\377\376\033[2J\r\n'; head -c 300000 /dev/zero; printf '\nend\n'` },
  });
  const run = await rig.pipe(REPRO);
  expect(run, run.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(eventsOf(run).filter(({ type }) => type === 'stage-output').length).toBeGreaterThan(3);
  const plain = await rig.pipe(['repro', '-v']);
  expect(plain).toMatchObject({ code: 0 });
  expect(plain.stdout).not.toMatch(/[\0\x1b]/); // eslint-disable-line no-control-regex -- just these are meant
  expect((await rig.pipe(['logs', 's'])).stdout).toMatch(/end\n$/);
});

/** Runs `pipe`; returns the most memory that it had at once, in MB, without what its commands had. */
async function peakMemory(rig: Rig, ...args: readonly string[]): Promise<number> {
  const [hook, peak] = [rig.path('../peak.cjs'), rig.path('../peak')];
  const write = `require('node:fs').writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS))`;
  await writeFile(hook, `process.on('exit', () => { if (process.argv[1]?.endsWith('pipe')) ${write} })`);
  const run = await rig.run('sh', ['-c', 'pipe "$@" > /dev/null', 'sh', ...args], {
    env: { NODE_OPTIONS: `--require=${hook}` },
  });
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return Number(await readFile(peak, 'utf8')) / 1024;
}

const LIMIT_MB = 200;

test('a stage may print 100 MB in a moment: memory stays bounded, and the log is whole', async ({ rig }) => {
  const cmd = `yes ${'x'.repeat(99)} | head -n 1000000; echo x > a`;
  await setUp(rig, { s: { cmd, deps: ['d'], outs: ['a'] } }, { d: '' });
  expect(await peakMemory(rig, 'repro')).toBeLessThan(LIMIT_MB);
  expect(await peakMemory(rig, 'repro', '-f', '--json')).toBeLessThan(LIMIT_MB);
  const log = '.pipe/tmp/logs/s.log';
  expect((await stat(rig.path(log))).size).toBe(100_000_000);
  await rig.remove('a', log);
  expect(await peakMemory(rig, 'repro')).toBeLessThan(LIMIT_MB);
  expect((await stat(rig.path(log))).size).toBe(100_000_000);
});

test('an out of 1 GB is stored and restored in bounded memory', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'truncate -s 1G a', deps: ['d'], outs: ['a'] } }, { d: '' });
  expect(await peakMemory(rig, 'repro')).toBeLessThan(LIMIT_MB);
  await rig.remove('a');
  expect(await peakMemory(rig, 'repro')).toBeLessThan(LIMIT_MB);
  expect((await stat(rig.path('a'))).size).toBe(2 ** 30);
});
