import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic, writeProblem } from '../../kit/atomic-file.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import type { FoundHook, HookName } from './hook.ts';
import { HOOKS, newHook, recognise, withBlock, withoutBlock } from './hook.ts';

/**
 * Writes our hooks into a folder, all or none: nothing is written before each place was found free or ours, or, under
 * `force`, a shell script that takes our lines.
 * @param folder absolute; made where it is missing
 * @returns the absolute paths of the files that changed
 * @throws {PipeError} PIPE_HOOK for hooks of others, PIPE_FILE_WRITE
 */
export function writeHooks(folder: string, { force }: { force: boolean }): string[] {
  const found = HOOKS.map((name) => ({ name, path: join(folder, name), hook: findHook(join(folder, name)) }));
  const problems = found.flatMap(({ name, path, hook }) => problemWith(name, { path, hook, force }));
  if (problems.length > 0) throw new PipeError(problems);
  makeFolder(folder);
  return found.flatMap(({ name, path, hook }) => {
    if (hook === undefined) writeFileAtomic(path, newHook(name), 0o777);
    else if (hook.kind === 'other' || withBlock(hook.text, name) === hook.text) return [];
    else writeText(path, withBlock(hook.text, name));
    return [path];
  });
}

/** Takes our lines out of the hooks in a folder, and removes files that hold nothing else. */
export function removeHooks(folder: string): string[] {
  return HOOKS.flatMap((name) => {
    const path = join(folder, name);
    const hook = findHook(path);
    if (hook?.kind !== 'ours') return [];
    const rest = withoutBlock(hook.text);
    if (rest === undefined) rmSync(path);
    else writeText(path, rest);
    return [path];
  });
}

/** The text has a character for each byte: what others wrote in it stays as it is, whatever its encoding. */
function findHook(path: string): FoundHook | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isFile()) return { kind: 'other' };
  const hook = recognise(readFileSync(path, 'latin1'));
  // Git leaves out a hook that is not executable, and somebody may have meant just that.
  return hook.kind === 'script' && (stat.mode & 0o111) === 0 ? { kind: 'other' } : hook;
}

function writeText(path: string, text: string): void {
  writeFileAtomic(path, Buffer.from(text, 'latin1'));
}

interface Place {
  readonly path: string;
  readonly hook: FoundHook | undefined;
  readonly force: boolean;
}

function problemWith(name: HookName, { path, hook, force }: Place): Problem[] {
  if (hook === undefined || hook.kind === 'ours' || (hook.kind === 'script' && force)) return [];
  const byHand = `add this line to it: pipe git-hook ${name} "$@"`;
  return [
    {
      code: 'PIPE_HOOK',
      message: `there is a ${name} hook already: ${path}`,
      hint:
        hook.kind === 'script'
          ? `\`pipe install --force\` puts a few lines at its top and leaves the rest as it is; or ${byHand}`
          : `it is no executable shell script, so pipe leaves it alone; ${byHand}`,
    },
  ];
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeProblem(folder, error);
  }
}
