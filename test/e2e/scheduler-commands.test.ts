import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { outcomes, repro, setUp } from './repro/project.ts';

test('a command is told where it runs, and gets the environment, input and folder that it should', async ({ rig }) => {
  const command = await rig.command();
  await setUp(
    rig,
    {},
    {
      'pipeline.yaml': 'stages: {}\n',
      'sub/pipeline.yaml': {
        stages: { probe: { cmd: `${command.line} 'a word'`, wdir: 'deep', env: { LEVEL: 3, EMPTY: '' } } },
      },
      'sub/deep/keep': '',
    },
  );
  const running = rig.spawn(['repro', '-P'], { env: { OUTSIDE: 'seen' }, input: 'typed' });
  const call = await command.next();
  const { cwd, args, env } = call.started;
  await call.exit();
  expect((await running.done).code).toBe(0);
  expect({ cwd, args }).toEqual({ cwd: rig.path('sub/deep'), args: ['a word'] });
  const address = 'sub/pipeline.yaml:probe';
  expect(env).toMatchObject({
    PIPE_ROOT: rig.project,
    DVC_ROOT: rig.project,
    PIPE_STAGE: address,
    DVC_STAGE: address,
    LEVEL: '3',
    EMPTY: '',
    OUTSIDE: 'seen',
    HOME: rig.env['HOME'],
  });
});

describe('commands', () => {
  test('each line and each item is one of its own; the first that fails ends the stage', async ({ rig }) => {
    await setUp(
      rig,
      {
        lines: { cmd: 'cd ..; pwd > here/one\npwd > two\n', wdir: 'here' },
        items: { cmd: ['echo 1 >> ran', 'echo 2 >> ran; exit 5', 'echo 3 >> ran'] },
      },
      { 'here/keep': '' },
    );
    const run = await repro(rig, ['-k']);
    expect(run).toMatchObject({ code: 1, outcomes: { lines: 'ran', items: 'failed' } });
    expect(await rig.read('here/one')).toBe(`${rig.project}\n`);
    expect(await rig.read('here/two')).toBe(`${rig.path('here')}\n`);
    expect(await rig.read('ran')).toBe('1\n2\n');
    expect(run.events).toContainEqual(
      expect.objectContaining({
        problem: expect.objectContaining({
          message: expect.stringContaining('`echo 2 >> ran; exit 5` exited with 5') as string,
        }) as object,
      }),
    );
  });

  test('run in the user’s shell, without its start-up files', async ({ rig }) => {
    await setUp(
      rig,
      {
        shell: {
          cmd: String.raw`echo "$0 \${BASH_VERSION:+bash} \${STARTED-clean}" > out`,
          deps: ['in'],
          outs: ['out'],
        },
      },
      {
        in: '',
        '../home/.bashrc': 'STARTED=dirty\n',
      },
    );
    await outcomes(rig, [], { env: { SHELL: '/bin/bash' } });
    expect(await rig.read('out')).toMatch(/bash bash clean/);
    await outcomes(rig, ['-f'], { env: { SHELL: undefined } });
    expect(await rig.read('out')).toMatch(/sh .*clean/);
  });

  test('a shell or a folder that is not there is a failure that names it', async ({ rig }) => {
    await setUp(rig, { a: { cmd: 'true' } });
    const { code, stderr } = await rig.pipe(['repro'], { env: { SHELL: '/no/such/shell' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/PIPE_COMMAND_START.*"\/no\/such\/shell"/);
    await rig.write({ 'pipeline.yaml': { stages: { a: { cmd: 'true', wdir: 'nowhere' } } } });
    const second = await rig.pipe(['repro']);
    expect([1, 2]).toContain(second.code);
    expect(second.stderr).toMatch(/nowhere/);
  });

  test('a command that is killed says by what', async ({ rig }) => {
    await setUp(rig, { dies: { cmd: 'kill -9 $$' } });
    expect((await rig.pipe(['repro'])).stderr).toMatch(/PIPE_STAGE_FAILED.*was ended by SIGKILL/);
  });

  test('reading standard input gets nothing', async ({ rig }) => {
    await setUp(rig, { read: { cmd: 'cat > out', outs: ['out'] } });
    expect(await outcomes(rig, [], { input: 'typed' })).toEqual({ read: 'ran' });
    expect(await rig.read('out')).toBe('');
  });

  test('what is left in the background is ended, with a notice', async ({ rig }) => {
    await setUp(rig, { leaves: { cmd: 'sleep 60 & echo $! > pid' } });
    const { code, stdout, stderr } = await rig.pipe(['repro']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/leaves: note: .*left processes running in the background; they were ended\n {2}hint: /);
    expect(await rig.leftovers()).toEqual([]);
  });
});

describe('progress', () => {
  test('reports become events, and mistaken ones stay output', async ({ rig }) => {
    const lines = ['::progress 0.25 one of four', '::progress - waiting', '::progress 2', '::progress 50%', 'words'];
    await setUp(rig, { talk: { cmd: lines.map((line) => `echo '${line}'; sleep 0.12`), deps: ['in'] } }, { in: '' });
    const { events } = await repro(rig);
    expect(events.filter(({ type }) => type === 'stage-progress')).toMatchObject([
      { stage: 'talk', fraction: 0.25, message: 'one of four' },
      { message: 'waiting' },
      { fraction: 1 },
    ]);
    expect(events.flatMap((event) => (event.type === 'stage-output' ? [event.line] : []))).toEqual([
      '::progress 50%',
      'words',
    ]);
  });
});

describe('secrets', () => {
  const SECRET = 'correct-horse-battery';

  /** Every file of the project, its `.pipe` folder and home, that holds a text. */
  async function filesWith(rig: Rig, text: string): Promise<string[]> {
    const found: string[] = [];
    for (const folder of [rig.project, rig.env['HOME'] ?? '']) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path.slice(folder.length + 1));
      }
    }
    return found;
  }

  test('reach the command, and show nowhere: output, events, problems, log, lock, records', async ({ rig }) => {
    await setUp(
      rig,
      {
        use: {
          cmd: 'echo "token $TOKEN" | tee err >&2; echo "::progress 0.5 with $TOKEN"; test "$TOKEN" = "$(cat ../home/secret)" > out',
          deps: ['in'],
          outs: ['out'],
          secrets: ['TOKEN'],
        },
        bad: { cmd: 'rm err; echo "$TOKEN" >&2; exit 3', deps: ['in', 'out'], secrets: ['TOKEN'] },
      },
      { in: '', '../home/secret': `${SECRET}\n` },
    );
    const env = { TOKEN: SECRET };
    const plain = await rig.pipe(['repro'], { env });
    expect(plain.code).toBe(1);
    expect(`${plain.stdout}${plain.stderr}`).not.toContain(SECRET);
    expect(plain.stdout).toContain('token ***');
    const json = await rig.pipe(['repro', '--json', '--force'], { env });
    expect(json.stdout).not.toContain(SECRET);
    expect(json.stdout).toContain('with ***');
    expect((await rig.pipe(['logs', 'use', 'bad'], { env })).stdout).not.toContain(SECRET);
    await rig.remove('../home/secret');
    expect(await filesWith(rig, SECRET)).toEqual([]);
  });

  test('that changes runs nothing; one that is not set is a problem only when its stage runs', async ({ rig }) => {
    await setUp(rig, { use: { cmd: 'echo 1 > out', deps: ['in'], outs: ['out'], secrets: ['TOKEN'] } }, { in: '' });
    const missing = await rig.pipe(['repro']);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/PIPE_SECRET_MISSING.*TOKEN/);
    expect(await outcomes(rig, [], { env: { TOKEN: SECRET } })).toEqual({ use: 'ran' });
    expect(await outcomes(rig, [], { env: { TOKEN: 'another-one' } })).toEqual({ use: 'fresh' });
    await rig.remove('out');
    expect(await outcomes(rig)).toEqual({ use: 'restored' });
  });
});
