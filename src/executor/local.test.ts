import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { processFields } from '../kit/owner.ts';
import type { Execution, ExecutionResult } from './executor.ts';
import { localExecutor } from './local.ts';
import { groupIsAlive } from './process-group.ts';
import { findExecutor } from './registry.ts';
import { shellFor } from './shell.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-exec-')));
const PATH = process.env['PATH'];
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ran extends ExecutionResult {
  readonly out: readonly string[];
  readonly err: readonly string[];
  readonly group: number;
}

/** `onLine` sees every line of both streams, to act in the middle of a command. */
async function run(
  command: string,
  more: Partial<Execution> & { readonly seen?: (line: string) => unknown } = {},
): Promise<Ran> {
  const lines = { stdout: [] as string[], stderr: [] as string[] };
  let group = 0;
  const result = await localExecutor.run({
    command,
    cwd: folder,
    env: { PATH },
    signal: new AbortController().signal,
    forceSignal: new AbortController().signal,
    onLines: (stream, batch) => {
      for (const line of batch) {
        lines[stream].push(line);
        more.seen?.(line);
      }
    },
    onStart: (started) => {
      group = started;
    },
    ...more,
  });
  expect(groupIsAlive(group)).toBe(false);
  return { ...result, out: lines.stdout, err: lines.stderr, group };
}

/** Whether a process has not ended yet; who asks for its exit code, and when, is another matter. */
function runs(pid: number): boolean {
  return (processFields(pid)?.[0] ?? 'Z') !== 'Z';
}

const fine = { exitCode: 0, signal: null, timedOut: false, cancelled: false, leftovers: false };

describe('a command', () => {
  test('ends with its exit code', async () => {
    expect(await run('exit 7')).toMatchObject({ ...fine, exitCode: 7 });
    expect(await run('no-such-program-anywhere')).toMatchObject({ ...fine, exitCode: 127 });
    expect(await run('true')).toMatchObject({ ...fine, out: [], err: [] });
  });

  test('that a signal ends has no exit code', async () => {
    expect(await run('kill -KILL $$')).toMatchObject({ ...fine, exitCode: null, signal: 'SIGKILL' });
  });

  test('loses nothing of what it wrote just before it ended, however slowly that is taken', async () => {
    let taken = 0;
    const onLines: Execution['onLines'] = (_, lines) => {
      // Nothing else is done meanwhile, as on a busy machine.
      for (const until = performance.now() + 300; performance.now() < until;);
      for (const line of lines) taken += line.length;
    };
    expect(await run("head -c 400000 /dev/zero | tr '\\0' x", { onLines })).toMatchObject(fine);
    expect(taken).toBe(400_000);
  });

  test('has its output handed on line by line, each stream apart', async () => {
    const { out, err } = await run(`printf 'a\\nb\\r\\nlast'; printf 'oops\\n\\n' >&2`);
    expect([out, err]).toEqual([['a', 'b', 'last'], ['oops', '']]); // prettier-ignore
  });

  test('loses no output, however much it writes and of whatever bytes', async () => {
    const { out } = await run(`head -c 3000000 /dev/zero | tr '\\0' x; echo; seq 20000`);
    expect(out.slice(0, -20_000).join('').length).toBe(3_000_000);
    expect(out.slice(-20_000)).toEqual(Array.from({ length: 20_000 }, (_, at) => String(at + 1)));
    expect((await run(`printf '\\377\\000\\n'`)).out).toEqual(['\ufffd\0']);
  });

  test('finds its input at an end instead of waiting for a person', async () => {
    expect(await run('cat; read answer || echo none')).toMatchObject({ ...fine, out: ['none'] });
  });

  test('sees the environment and the folder that it was given, and nothing else', async () => {
    const { out } = await run('/usr/bin/env | grep -v "^\\(_\\|SHLVL\\|PWD\\|OLDPWD\\)="; pwd', {
      env: { ONLY: 'a b', GONE: undefined },
    });
    expect(out).toEqual(['ONLY=a b', folder]);
  });

  test('leads a process group of its own, which is told when it starts', async () => {
    const { out, group } = await run('echo $$; ps -o pgid= -p $$');
    expect(out.map(Number)).toEqual([group, group]);
  });

  test('that cannot be started is a problem', async () => {
    const noFolder = run('true', { cwd: join(folder, 'absent') });
    await expect(noFolder).rejects.toThrow(/PIPE_COMMAND_START cannot start "\/bin\/sh" in .*absent: ENOENT/);
    await expect(run('true', { env: { SHELL: '/no/such/shell' } })).rejects.toThrow(
      /PIPE_COMMAND_START.*"\/no\/such\/shell"/,
    );
  });
});

describe('a command is ended', () => {
  test('when its time is up', async () => {
    expect(await run('echo started; sleep 60', { timeoutMs: 300 })).toMatchObject({
      ...fine,
      exitCode: null,
      signal: 'SIGTERM',
      timedOut: true,
      out: ['started'],
    });
  });

  test('when the run is stopped, with all that it has started', async () => {
    const stop = new AbortController();
    const children: number[] = [];
    const seen = (line: string): void => {
      children.push(Number(line));
      stop.abort('SIGTERM');
    };
    expect(await run('sleep 60 & echo $!; wait', { signal: stop.signal, seen })).toMatchObject({
      exitCode: null,
      cancelled: true,
      timedOut: false,
    });
    expect(children.map(runs)).toEqual([false]);
  });

  test('by the signal that stopped the run, so that it can clear up', async () => {
    const stop = new AbortController();
    const command = `trap 'echo clearing up; exit 3' INT; echo ready; while :; do sleep 0.05; done`;
    const ended = await run(command, { signal: stop.signal, seen: () => { stop.abort('SIGINT'); } }); // prettier-ignore
    expect(ended).toMatchObject({ exitCode: 3, cancelled: true, out: ['ready', 'clearing up'] });
  });

  test('at once when the user insists', async () => {
    const [stop, force] = [new AbortController(), new AbortController()];
    const seen = (): void => {
      stop.abort('SIGINT');
      force.abort();
    };
    const ended = await run(`trap '' INT TERM; echo deaf; sleep 60; sleep 60`, {
      signal: stop.signal,
      forceSignal: force.signal,
      seen,
    });
    expect(ended).toMatchObject({ exitCode: null, signal: 'SIGKILL', cancelled: true });
  });

  test('before it does anything when the run was stopped already', async () => {
    expect(await run('sleep 60', { signal: AbortSignal.abort('SIGTERM') })).toMatchObject({
      exitCode: null,
      cancelled: true,
    });
  });
});

describe('what a command leaves in the background', () => {
  test('is ended, and said', async () => {
    const { out, ...ended } = await run('sleep 60 & echo $!');
    expect(ended).toMatchObject({ ...fine, leftovers: true });
    expect(out.map(Number).map(runs)).toEqual([false]);
  });

  test('is ended firmly when the user insists', async () => {
    const force = new AbortController();
    const seen = (): void => {
      force.abort();
    };
    // `deaf` is said after the command itself has ended: insisting before that would end it too.
    const deaf = `(trap '' TERM; while kill -0 $$ 2>&-; do sleep 0.01; done; echo deaf; sleep 60; sleep 60) &`;
    expect(await run(deaf, { forceSignal: force.signal, seen })).toMatchObject({ exitCode: 0 });
  });

  test('does not make it a failure for having taken too long', async () => {
    expect(await run('sleep 60 & exit 0', { timeoutMs: 150 })).toMatchObject({ ...fine, leftovers: true });
  });

  test('is not waited for where it has left the group on purpose', async () => {
    const { out, ...ended } = await run('setsid sleep 60 & echo $!');
    expect(ended).toMatchObject({ ...fine, leftovers: false });
    const [pid = 0] = out.map(Number);
    expect(runs(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  test('counts for a moment only: what ends by itself just after it is no leftover', async () => {
    expect(await run('sleep 0.05 & exit 0')).toMatchObject({ ...fine, leftovers: false });
  });
});

test('the shell of the user runs commands, without start-up files', () => {
  expect(shellFor('x', undefined)).toEqual({ file: '/bin/sh', args: ['-c', 'x'] });
  expect(shellFor('x', '')).toEqual({ file: '/bin/sh', args: ['-c', 'x'] });
  expect(shellFor('x', '/usr/bin/bash')).toEqual({ file: '/usr/bin/bash', args: ['--noprofile', '--norc', '-c', 'x'] });
  expect(shellFor('x', '/bin/zsh').args).toEqual(['--no-rcs', '-c', 'x']);
});

test('an executor is found by its name, and no other name finds one', async () => {
  expect(await findExecutor('local')).toBe(localExecutor);
  for (const name of ['Local', '', 'constructor', '__proto__'])
    await expect(findExecutor(name)).rejects.toThrow(/PIPE_EXECUTOR_UNKNOWN/);
});

test('when the process that runs commands is ended, so are its commands, and the next one starts afresh', async () => {
  let group = 0;
  const onStart = (started: number): void => {
    group = started;
  };
  const seen = (line: string): unknown => process.kill(Number(line), 'SIGKILL');
  await expect(run('echo $PPID; sleep 60', { onStart, seen })).rejects.toThrow(/PIPE_COMMAND_START .*SIGKILL/);
  await expect.poll(() => groupIsAlive(group)).toBe(false);
  expect(await run('echo again')).toMatchObject({ ...fine, out: ['again'] });
});
