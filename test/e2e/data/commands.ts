import { parse } from 'yaml';
import { expect } from 'vitest';
import type { Rig } from '../../rig/rig.ts';
import { expectValid } from '../../setup/schema.ts';

interface PointerText {
  readonly outs: readonly [{ readonly path: string; readonly digest: string; readonly files?: number }];
}

/** What a pointer says. */
export async function pointer(rig: Rig, file: string): Promise<PointerText['outs'][0]> {
  return (parse(await rig.read(file)) as PointerText).outs[0];
}

/** Runs `pipe`, which does what it is asked, and its JSON form fits its schema. */
export async function does<T = unknown>(rig: Rig, ...args: string[]): Promise<T> {
  const run = await rig.pipe([...args, '--json']);
  expect(run, `${args.join(' ')}\n${run.stdout}\n${run.stderr}`).toMatchObject({ code: 0, stderr: '' });
  const json = run.json<T>();
  expectValid(json);
  return json;
}

/** Runs `pipe`, which refuses; the codes of its problems. */
export async function refuses(rig: Rig, ...args: string[]): Promise<string[]> {
  const run = await rig.pipe([...args, '--json']);
  expect(run.code, `${args.join(' ')}\n${run.stdout}\n${run.stderr}`).toBe(2);
  return run.json<{ problems: { code: string }[] }>().problems.map(({ code }) => code);
}

/** All files but those that `pipe init` made. */
export async function files(rig: Rig): Promise<string[]> {
  return (await rig.files()).filter((name) => name !== '.pipeignore');
}

/** Starts a project in Git. */
export async function project(rig: Rig): Promise<void> {
  await rig.git('init', '-b', 'main');
  await rig.pipe(['init']);
}

/** Commits everything to Git. */
export async function save(rig: Rig, message: string): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-m', message);
}
