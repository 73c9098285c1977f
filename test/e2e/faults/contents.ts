import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import type { Rig } from '../../rig/rig.ts';

/** Of a larger file a digest stands for the bytes: several states of many of them are compared. */
const LARGE = 50_000;

/** Every file of the workspace with its bytes; of a link that leads nowhere, where to. */
export async function contents(rig: Rig): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await rig.files()) {
    found.set(name, await readFile(rig.path(name)).then(textOf, () => readlink(rig.path(name))));
  }
  return found;
}

function textOf(bytes: Buffer): string {
  return bytes.length > LARGE ? createHash('sha256').update(bytes).digest('hex') : bytes.toString('latin1');
}

/** Half-written by a process that was killed: no data, and gone with the next command that works there. */
export function isTemporary(name: string): boolean {
  return name.includes('.pipe-tmp-');
}

/** The paths of some files, sorted. */
export function names(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].sort();
}

/** Files whose bytes are not those of the same path in one of some states. */
export function wrong(files: ReadonlyMap<string, string>, states: readonly ReadonlyMap<string, string>[]): string[] {
  return names(files).filter(
    (name) => !isTemporary(name) && !states.some((each) => each.get(name) === files.get(name)),
  );
}

/** Files that are in all of some states, and not here. */
export function lost(files: ReadonlyMap<string, string>, states: readonly ReadonlyMap<string, string>[]): string[] {
  const all = new Set(states.flatMap(names));
  return [...all].filter((name) => states.every((each) => each.has(name)) && !files.has(name));
}
