import type { Digest, RawDigest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { byCodeUnit } from '../../kit/order.ts';
import { packKey } from '../../remote/remote-layout.ts';
import type { CheckedRemote } from '../../remote/upkeep/check-remote.ts';
import type { HealedRemote } from '../../remote/upkeep/heal-remote.ts';
import type { NeedingThing } from '../../store/check-needs.ts';
import { walkObjects } from '../../store/walk-objects.ts';
import type { DamagedFile, FsckDocument, MissingObject } from './present-fsck.ts';

/** An object that is missing from a remote, or damaged there. */
export type BrokenObject = Omit<MissingObject, 'healed'>;

/** After so many places, each folder is looked into once: few of them can stand for very many paths. */
const MOST_PLACES = 10_000;

/** Where objects are needed that are meant, as far as the lists of folders can be read. */
export function nameBroken(
  things: Iterable<NeedingThing>,
  {
    isMeant,
    read,
  }: { readonly isMeant: (digest: RawDigest) => boolean; readonly read: (digest: Digest) => Buffer | undefined },
): Map<Digest, BrokenObject> {
  const found = new Map<Digest, BrokenObject & { readonly places: { path: string; from: string }[] }>();
  const complete = new Set<Digest>();
  let places = 0;
  for (const { entry, path: at, from } of things) {
    const before: number[] = [];
    walkObjects({ read }, entry, {
      path: at,
      visitor: {
        enter({ digest, kind, path, size }) {
          if (!digest.startsWith('b3:')) return false;
          const isList = kind === 'dir' || kind === 'part';
          if (isList && complete.has(digest)) return false;
          if (isMeant(rawOfDigest(digest))) {
            const known = found.get(digest) ?? { digest, kind, state: 'absent', size, places: [] };
            known.places.push({ path, from });
            found.set(digest, known);
            places += 1;
          }
          if (isList && places > MOST_PLACES) complete.add(digest);
          if (isList) before.push(places);
          return isList;
        },
        leave({ digest }) {
          if (before.pop() === places) complete.add(digest);
        },
        broken() {
          before.pop();
        },
      },
    });
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
}

/** The document of `pipe fsck --remote --json`. */
export function remoteDocument({ remote, checked, broken, repaired, leftovers }: ExaminedRemote): FsckDocument {
  const left = new Set(damagedIn(repaired?.checked ?? checked, () => false).map(({ file }) => file));
  const damaged = damagedIn(checked, (file) => repaired !== undefined && !left.has(file));
  const missing = [...new Map([...(repaired?.still ?? []), ...broken]).values()]
    .map((each) => ({ ...each, healed: repaired !== undefined && !repaired.still.has(each.digest) }))
    .sort((a, b) => byCodeUnit(a.places[0]?.path ?? '', b.places[0]?.path ?? ''));
  const now = repaired?.checked ?? checked;
  return {
    schema: 'pipe.fsck/1',
    ok: damaged.every((each) => each.repaired) && missing.every(({ healed }) => healed),
    objects: now.right.count,
    bytes: now.bytes,
    runs: now.runs.filter(({ isRight }) => isRight).length,
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
