import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from './scenario.ts';

const HOOK = pathToFileURL(join(import.meta.dirname, 'memory.child.mjs'));

/**
 * The same run of Node with its peak memory written down at its end. The stages it starts are not counted: the system's
 * own figure for a child (`ru_maxrss`, `/usr/bin/time`) takes the largest of its children, and of the process that
 * started it.
 * @param command `node` with arguments, or a program that starts such: then the largest of them counts
 * @param file where the figure goes
 */
export function recordingMemory(command: Command, file: string): Command {
  const hook = new URL(HOOK);
  hook.searchParams.set('to', file);
  rmSync(file, { force: true });
  if (command.file !== process.execPath) {
    return { file: '/usr/bin/env', args: [`NODE_OPTIONS=--import=${hook.href}`, command.file, ...command.args] };
  }
  return { file: command.file, args: ['--import', hook.href, ...command.args] };
}

/**
 * The peak memory that a run wrote down, in bytes.
 * @throws {Error} when it wrote none
 */
export function recordedMemory(file: string): number {
  const bytes = Number(readFileSync(file, 'utf8'));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new Error('the run did not say how much memory it used');
}
