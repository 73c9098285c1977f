import type { Problem } from '../../problem/problem.ts';
import { absentPlace } from '../../remote/absent-place.ts';
import { pointersOf, refuseMisstated } from '../../data/misstated.ts';
import type { Compared, ComparedRoot, Tally } from '../../remote/compare.ts';
import { compare } from '../../remote/compare.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { entryOf } from '../../lockfile/entry.ts';
import { amountOf, clean, plural } from '../../report/words.ts';
import type { Context, GlobalOptions, Outcome } from '../command.ts';
import { openData } from '../data-project.ts';
import { sharesOf, withRemote } from './open-remotes.ts';
import type { ShareValues } from './options.ts';
import { jobsOf } from './options.ts';
import { findRoots } from './push-roots.ts';
import { recordsFor, withRecords } from './run-records.ts';
import { sharedThings } from './shared.ts';
import { leftOutLines, missingJson, missingLines, unreadJson, unreadLines } from './words.ts';

interface ComparedRemote {
  readonly name: string;
  readonly place: string;
  readonly objects: number;
  readonly roots: readonly ComparedRoot[];
  readonly total: Compared['total'];
  readonly missing: readonly NamedObject[];
}

/** `pipe status -c`: what the cache and the remote have of what is tracked. */
export async function cloudStatus(
  context: Context,
  {
    targets,
    options,
    global,
  }: { readonly targets: readonly string[]; readonly options: ShareValues; readonly global: GlobalOptions },
): Promise<Outcome> {
  jobsOf(options);
  const data = await openData(context, global);
  const shared = await sharedThings(data, { context, targets, options });
  refuseMisstated(data.engine.store, pointersOf(shared.things.flatMap(({ selected }) => selected ?? [])));
  const shares = sharesOf(data.engine, shared.things, options.remote);
  const compared: ComparedRemote[] = [];
  const absent: Problem[] = [];
  for (const share of withRecords(data, shares, { ...shared, runCache: undefined, asked: options.remote })) {
    const { name, things } = share;
    await withRemote(data.engine, { name, context, options }, async (remote) => {
      const { store } = data.engine;
      const { roots, lost } = await findRoots(remote, store, { things, keep: false });
      // What a push sends with run records: outs that Git keeps.
      const known = new Set(roots.map(({ entry }) => entry.digest));
      const outs = recordsFor(data, { shared, shares, share, runCache: undefined })
        .flatMap(({ record }) => record.outs.map((out) => ({ entry: entryOf(out), path: out.path })))
        .filter(({ entry }) => !known.has(entry.digest) && known.add(entry.digest));
      const found = await compare(remote, store, [...roots, ...outs]);
      const missing = [...found.missing, ...lost.map((path) => ({ path, size: 0 }))];
      absent.push(...(await absentPlace(name, remote.place)));
      compared.push({ name, place: remote.place.name, ...found, missing });
    });
  }
  const isUpToDate = compared.every(({ roots, missing }) => missing.length === 0 && roots.every(isSame));
  const lines = compared.flatMap((each) => linesOf(each, global.verbose));
  return {
    problems: absent,
    exit: global.quiet && !isUpToDate ? 1 : 0,
    text:
      [...lines, ...leftOutLines(shares), ...unreadLines(shared.problems)].join('\n') || 'There is nothing to compare.',
    json: {
      schema: 'pipe.remote-status/1',
      upToDate: isUpToDate,
      remotes: compared.map(comparedJson),
      leftOut: [...shares.kept, ...shares.elsewhere].map(({ path }) => path),
      ...unreadJson(shared.problems),
    },
  };
}

function isSame(root: ComparedRoot): boolean {
  return root.new.objects + root.deleted.objects + root.missing.objects === 0;
}

function linesOf({ name, roots, objects, total, missing }: ComparedRemote, verbose: boolean): string[] {
  const changed = roots.filter((root) => !isSame(root));
  if (changed.length === 0 && missing.length === 0) {
    return [`The cache and ${name} are the same: ${plural(objects, 'object')}.`];
  }
  // What is in neither is named below, once.
  const partsOf = (of: Compared['total']): string =>
    [...tallied(of.new, `not in ${name}`), ...tallied(of.deleted, 'not in the cache')].join('; ');
  const differing = changed.filter((root) => root.new.objects + root.deleted.objects > 0);
  const lines = differing.map((root) => `${clean(root.root.path)}: ${partsOf(root)}`);
  if (differing.length > 1) lines.push(`Together: ${partsOf(total)}`);
  return [...lines, ...missingLines(name, missing, verbose)];
}

function tallied(tally: Tally, what: string): string[] {
  return tally.objects === 0 ? [] : [`${amountOf(tally)} ${what}`];
}

function comparedJson({ name, place, objects, roots, total, missing }: ComparedRemote): unknown {
  return {
    name,
    place,
    objects,
    total,
    paths: roots.map((each) => ({
      path: each.root.path,
      new: each.new,
      deleted: each.deleted,
      missing: each.missing,
    })),
    missing: missing.map(missingJson),
  };
}
