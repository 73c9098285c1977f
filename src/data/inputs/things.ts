import { posix } from 'node:path';
import { globMeets } from '../../graph/glob.ts';
import { ancestors, isWithin, nearestAbove } from '../../kit/path.ts';
import { entryOf } from '../../lockfile/entry.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import type { Stage } from '../../pipeline/model.ts';
import type { Engine } from '../../run/engine.ts';
import type { Entry } from '../../store/tree.ts';

/** Something that lies outside of what a run makes. */
export interface InputThing {
  readonly path: string;
  /** What is recorded of it. */
  readonly entry: Entry;
  /** Absent for an out of a stage. */
  readonly pointer?: TrackedPath;
}

/** A thing, or the part of one, that stages read. */
export interface InputUnit {
  readonly thing: InputThing;
  /** Posix, relative to the thing; empty for all of it. */
  readonly below: string;
  /** Whether a dep is just this path: then the survey looks at it, too. */
  readonly isDep: boolean;
}

/** Everything that stages of a run may read and that none of them makes. */
export function inputThings(
  { graph, locks }: Pick<Engine, 'graph' | 'locks'>,
  { pointers, selected }: { readonly pointers: readonly TrackedPath[]; readonly selected: ReadonlySet<string> },
): InputThing[] {
  const isMade = ({ address, frozen }: Stage): boolean => selected.has(address) && !frozen;
  const others = [...graph.stages.values()].filter((stage) => !isMade(stage));
  const outs = others.flatMap((stage) => {
    const recorded = locks.block(stage)?.outs ?? [];
    return stage.outs.flatMap(({ path, as, cache }): InputThing[] => {
      const locked = cache ? recorded.find((each) => each.path === as) : undefined;
      return locked === undefined ? [] : [{ path, entry: entryOf(locked) }];
    });
  });
  const tracked = pointers.filter(({ pointer }) => pointer.out.cache !== false);
  return [...outs, ...tracked.map((pointer) => ({ path: pointer.path, entry: pointer.entry, pointer }))];
}

/** What of some things stages read, each once. */
export function inputUnits(stages: Iterable<Stage>, things: readonly InputThing[]): InputUnit[] {
  const byPath = new Map(things.map((thing) => [thing.path, thing]));
  const above = new Set(things.flatMap(({ path }) => [...ancestors(path)]));
  const units = new Map<string, InputUnit>();
  const seen = new Set<string>();
  const note = (thing: InputThing, path: string, isDep = false): void => {
    const known = units.get(path);
    const below = path === thing.path ? '' : posix.relative(thing.path, path);
    units.set(path, { thing, below, isDep: isDep || known?.isDep === true });
  };
  const plain = (path: string, isDep: boolean): void => {
    const around = byPath.get(path) ?? nearestAbove(path, byPath);
    if (around !== undefined) note(around, path, isDep);
    else if (above.has(path)) for (const thing of things) if (isWithin(thing.path, path)) note(thing, thing.path);
  };
  for (const { deps, params } of stages) {
    for (const { path, glob, url } of deps) {
      const key = `${String(glob)} ${path}`;
      if (url || seen.has(key)) continue;
      seen.add(key);
      if (glob) for (const thing of things.filter((each) => globMeets(path, each.path))) note(thing, thing.path);
      else plain(path, true);
    }
    for (const { path } of params) plain(path, false);
  }
  // A part of what is looked at as a whole is no work of its own.
  return [...units.values()].filter(({ thing, below }) => below === '' || !units.has(thing.path));
}
