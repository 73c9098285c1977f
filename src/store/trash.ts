import { readdirSync, renameSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { removeTree } from '../kit/remove-tree.ts';
import { namesIn } from '../kit/temporary.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { takeTurn } from '../kit/turn.ts';
import type { StoreLayout } from './layout.ts';
import { isStorePath } from './layout.ts';
import { putBack } from './limbo.ts';
import type { Dispose } from './upkeep.ts';

const DAY_MS = 86_400_000;

/** After so many files others have their turn. */
const TURN_FILES = 256;

/** What one collection took out and can be brought back. */
export interface TrashFolder {
  readonly path: string;
  /** When it was taken out, and until when it is kept, in milliseconds since 1970. */
  readonly time: number;
  readonly until: number;
}

/** Every folder of the trash, the newest first. */
export function trashFolders({ trash }: Pick<StoreLayout, 'trash'>): TrashFolder[] {
  return namesIn(trash)
    .flatMap((name) => {
      const moment = trashMoment(name);
      return moment === undefined ? [] : [{ path: join(trash, name), ...moment }];
    })
    .sort((a, b) => b.time - a.time);
}

/** The name of a folder of the trash. */
export function trashName(now: number, days: number): string {
  return `${new Date(now).toISOString().replace(/[-:.]/g, '')}+${String(days)}`;
}

/** What the name of a folder of the trash tells; `undefined` for other names. */
export function trashMoment(name: string): Pick<TrashFolder, 'time' | 'until'> | undefined {
  const [, stamp = '', days] = /^(\d{8}T\d{9}Z)\+(\d{1,6})$/.exec(name) ?? [];
  const iso = stamp.replace(/^(....)(..)(..)T(..)(..)(..)(...)Z$/, '$1-$2-$3T$4:$5:$6.$7Z');
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : { time, until: time + Number(days) * DAY_MS };
}

/** Moves what is taken out into a new folder of the trash, which is made with the first file. */
export function intoTrash(layout: StoreLayout, now: number, days: number): Dispose {
  const folder = join(layout.trash, trashName(now, days));
  const made = new Set<string>();
  return (path, from) => {
    const target = join(folder, relative(layout.base, from));
    if (!made.has(dirname(target))) makeFolder(dirname(target), layout);
    made.add(dirname(target));
    renameSync(path, target);
  };
}

/** Every file in a folder of the trash, and where it came from. */
function* trashed(layout: StoreLayout, folder: string): Generator<{ path: string; from: string }> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((each) => !each.isDirectory());
  // In order: the note on where a record came from (.from) comes back before the record (.json).
  for (const path of entries.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    const inside = relative(folder, path);
    // Anybody may have put a name there that leads elsewhere.
    if (isStorePath(inside.replaceAll(sep, '/'))) yield { path, from: join(layout.base, inside) };
  }
}

/**
 * Brings back what lies in a folder of the trash; returns how many files.
 * @throws an AbortError when `signal` is aborted; what is not back yet stays in the trash
 */
export async function undoTrash(layout: StoreLayout, folder: string, signal?: AbortSignal): Promise<number> {
  let files = 0;
  for (const { path, from } of trashed(layout, folder)) {
    if (files % TURN_FILES === 0) await takeTurn(signal);
    putBack(path, from);
    files += 1;
  }
  removeTree(folder);
  return files;
}
