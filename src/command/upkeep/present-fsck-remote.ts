import type { Digest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { byCodeUnit } from '../../kit/order.ts';
import type { Sought } from '../../remote/name-objects.ts';
import { placesOf } from '../../remote/name-objects.ts';
import { packKey } from '../../remote/remote-layout.ts';
import type { CheckedRemote } from '../../remote/upkeep/check-remote.ts';
import type { HealedRemote } from '../../remote/upkeep/heal-remote.ts';
import type { NeedingThing } from '../../store/check-needs.ts';
import type { AskedNeeds, DamagedFile, FsckDocument, MissingObject } from './present-fsck.ts';
import { wrongObjects } from './present-fsck.ts';

/** An object that is missing from a remote, or damaged there. */
export type BrokenObject = Omit<MissingObject, 'healed'>;

/** Where objects are needed that are meant, as far as the lists of folders can be read. */
export function nameBroken(things: Iterable<NeedingThing>, sought: Sought): Map<Digest, BrokenObject> {
  const found = new Map<Digest, BrokenObject & { readonly places: { path: string; from: string }[] }>();
  for (const { digest, kind, size, path, root } of placesOf(things, sought)) {
    const known = found.get(digest) ?? { digest, kind, state: 'absent', size, places: [] };
    known.places.push({ path, from: root.from });
    found.set(digest, known);
  }
  return found;
}

/** What came out of looking at a remote. */
export interface ExaminedRemote {
  readonly remote: { readonly name: string; readonly place: string };
  readonly checked: CheckedRemote;
  readonly broken: ReadonlyMap<Digest, BrokenObject>;
  readonly repaired:
    | (HealedRemote & {
        /** What it was afterwards. */
        readonly checked: CheckedRemote;
        readonly still: ReadonlyMap<Digest, BrokenObject>;
      })
    | undefined;
  readonly leftovers: readonly string[];
  readonly needs: AskedNeeds;
}

/** The document of `pipe fsck --remote --json`. */
export function remoteDocument({ remote, checked, broken, repaired, leftovers, needs }: ExaminedRemote): FsckDocument {
  const left = new Set(damagedIn(repaired?.checked ?? checked, () => false).map(({ file }) => file));
  const isRepaired = (file: string): boolean => repaired !== undefined && !left.has(file) && !repaired.unsure.has(file);
  const damaged = damagedIn(checked, isRepaired);
  const missing = [...new Map([...(repaired?.still ?? []), ...broken]).values()]
    .map((each) => ({ ...each, healed: repaired !== undefined && !repaired.still.has(each.digest) }))
    .sort((a, b) => byCodeUnit(a.places[0]?.path ?? '', b.places[0]?.path ?? ''));
  const now = repaired?.checked ?? checked;
  const wrong = wrongObjects(damaged);
  return {
    schema: 'pipe.fsck/1',
    ok: damaged.every((each) => each.repaired) && missing.every(({ healed }) => healed),
    objects: now.right.count,
    bytes: now.bytes,
    runs: now.runs.filter(({ isRight }) => isRight).length,
    needs,
    damagedObjects: wrong.size,
    healedObjects: repaired === undefined ? 0 : [...wrong].filter((each) => now.right.has(rawOfDigest(each))).length,
    damaged,
    missing,
    leftovers,
    problems: [],
    remote,
  };
}

function damagedIn(
  { damagedPacks, damagedLoose, damagedTables, runs }: CheckedRemote,
  isRepaired: (file: string) => boolean,
): DamagedFile[] {
  const files: Omit<DamagedFile, 'repaired'>[] = [
    ...damagedPacks.map(({ name, wrong, isTableDamaged }) => ({
      file: packKey(name),
      what: 'pack' as const,
      objects: wrong,
      tableDamaged: isTableDamaged,
    })),
    ...damagedLoose.map(({ key, digest }) => ({ file: key, what: 'object' as const, objects: [digest] })),
    ...damagedTables.map((key) => ({ file: key, what: 'tables' as const, objects: [] })),
    ...runs
      .filter(({ isRight }) => !isRight)
      .map(({ entry }) => ({ file: entry.key, what: 'run' as const, objects: [] })),
  ];
  return files.map((each) => ({ ...each, repaired: isRepaired(each.file) }));
}
