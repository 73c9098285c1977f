import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../kit/owner.ts';
import { TEMPORARY_PREFIX, namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { LEASE } from './lease.ts';
import { leftIn } from './sweep.ts';

/** A temporary file whose process cannot be told is left behind when nobody has written to it for so long. */
const OLD_MS = 3_600_000;

/** What processes that are gone have left in a store, absolute paths. */
export function leftovers(layout: StoreLayout, now: number): string[] {
  const owned = [layout.tmp, layout.limbo].flatMap((folder) => leftIn(folder).map((name) => join(folder, name)));
  const leases = leftIn(layout.leases).filter((name) => name.endsWith(LEASE));
  return [...owned, ...leases.map((name) => join(layout.leases, name)), ...temporaries(layout, now)];
}

/** What was left of files that are replaced in one step: their names tell the process, but not its machine. */
export function temporaries({ root, runsFolder }: StoreLayout, now: number): string[] {
  const folders = [root];
  for (const shard of namesIn(runsFolder)) {
    for (const rest of namesIn(join(runsFolder, shard))) folders.push(join(runsFolder, shard, rest));
  }
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.startsWith(TEMPORARY_PREFIX))
      .map((name) => ({ path: join(folder, name), pid: Number(/^\d+/.exec(name.slice(TEMPORARY_PREFIX.length))?.[0]) }))
      .filter(({ path, pid }) => {
        const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
        return !(pid > 0 && isAlive(pid)) && now - written > OLD_MS;
      })
      .map(({ path }) => path),
  );
}
