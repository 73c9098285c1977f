import { chmod, stat } from 'node:fs/promises';
import { expect } from 'vitest';
import { Rig } from './rig.ts';
import { test } from './test.ts';

const NODE = process.execPath;

test('files are written with their folders and read back', async ({ rig }) => {
  await rig.write({
    'a/b.txt': 'text',
    'p.yaml': { stages: { x: { cmd: 'true' } } },
    'raw.bin': new Uint8Array([0, 255]),
  });
  expect(await rig.files()).toEqual(['a/b.txt', 'p.yaml', 'raw.bin']);
  expect(await rig.read('a/b.txt')).toBe('text');
  expect(JSON.parse(await rig.read('p.yaml'))).toEqual({ stages: { x: { cmd: 'true' } } });
  await rig.remove('a', 'gone');
  expect(await rig.exists('a/b.txt')).toBe(false);
  expect(await rig.exists('raw.bin')).toBe(true);
});

test('a command gets its input and gives its code and both outputs', async ({ rig }) => {
  const script =
    'process.stdin.on("data", (d) => console.log(JSON.stringify({ got: String(d) }))); console.error("e"); process.exitCode = 3';
  const done = await rig.run(NODE, ['-e', script], { input: 'in' });
  expect(done).toMatchObject({ code: 3, stderr: 'e\n' });
  expect(done.json()).toEqual({ got: 'in' });
});

test('output that is not JSON is shown by the error', async ({ rig }) => {
  const finished = await rig.run(NODE, ['-e', 'console.log("words"); console.error("why")']);
  expect(() => finished.json()).toThrow(/not JSON:\nwords\n\nstderr:\nwhy/);
});

test('a command sees its own home and nothing of the machine', async ({ rig }) => {
  process.env['PIPE_REMOTE'] = process.env['DVC_ROOT'] = process.env['npm_config_x'] = 'leak';
  try {
    const env = (await rig.run(NODE, ['-p', 'JSON.stringify(process.env)'])).json<Record<string, string>>();
    expect(env).not.toHaveProperty('PIPE_REMOTE');
    expect(env).not.toHaveProperty('DVC_ROOT');
    expect(env).not.toHaveProperty('npm_config_x');
    for (const name of ['HOME', 'XDG_CONFIG_HOME', 'XDG_CONFIG_DIRS', 'XDG_CACHE_HOME', 'TMPDIR']) {
      expect(env[name]).toContain(rig.path('..'));
    }
    expect(env['NO_COLOR']).toBe('1');
  } finally {
    for (const name of ['PIPE_REMOTE', 'DVC_ROOT', 'npm_config_x']) delete process.env[name];
  }
});

test('a test adds to the environment and takes away from it', async ({ rig }) => {
  const env = { NO_COLOR: undefined, MORE: '1' };
  const seen = (await rig.run(NODE, ['-p', 'JSON.stringify(process.env)'], { env })).json<Record<string, string>>();
  expect(seen['MORE']).toBe('1');
  expect(seen).not.toHaveProperty('NO_COLOR');
});

test('Git commits in a project as on a fresh machine', async ({ rig }) => {
  await rig.git('init');
  await rig.write({ a: 'x' });
  await rig.git('add', '.');
  await rig.git('commit', '-m', 'first');
  expect(await rig.git('log', '--format=%an %s', 'main')).toBe('Tester first');
  await expect(rig.git('show', 'nothing')).rejects.toThrow(/nothing/);
});

test('the peer DVC runs in a project', async ({ rig }) => {
  expect(await rig.dvc('--version')).toBe('3.67.1');
});

test('a started command is followed, typed to and killed', async ({ rig }) => {
  const running = rig.start('sh', ['-c', 'echo ready; read line; echo "got $line"; exec sleep 1000'], {
    keepInput: true,
  });
  await running.printed(/ready/);
  running.type('words\n');
  await running.printed(/got words/);
  running.kill('SIGKILL');
  expect(await running.done).toMatchObject({ code: null, signal: 'SIGKILL', stdout: 'ready\ngot words\n' });
});

test('waiting for words that never come ends with the process', async ({ rig }) => {
  const running = rig.start('echo', ['other']);
  await expect(running.printed(/words/)).rejects.toThrow(/waited for printing \/words\/.*\nstdout:\nother/);
});

test('a command that runs too long is killed with its children', async ({ rig }) => {
  const running = rig.start('sh', ['-c', 'echo before; sleep 1000 & wait'], { limit: 300 });
  await expect(running.done).rejects.toThrow(/ran longer than 300 ms\nstdout:\nbefore/);
  await expect.poll(() => rig.leftovers()).toEqual([]);
});

test('cleaning up ends what was left behind and removes read-only folders', async () => {
  const rig = await Rig.create();
  const { stdout } = await rig.run('sh', ['-c', 'setsid sleep 1000 >/dev/null 2>&1 & echo $!']);
  expect(await rig.leftovers()).toEqual([Number(stdout)]);
  await rig.write({ 'kept/file': '' });
  await chmod(rig.path('kept'), 0o500);
  await rig.cleanup();
  expect(await rig.leftovers()).toEqual([]);
  await expect(stat(rig.project)).rejects.toThrow(/ENOENT/);
});
