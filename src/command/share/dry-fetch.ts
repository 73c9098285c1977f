import type { Digest, RawDigest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import { isWithin } from '../../kit/path.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { absentPlace } from '../../remote/absent-place.ts';
import { compare } from '../../remote/compare.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { formatSize } from '../../report/size.ts';
import { amountOf, clean } from '../../report/words.ts';
import type { Context, Outcome } from '../command.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { ImportAway } from './fetch-imports.ts';
import { importsAway } from './fetch-imports.ts';
import { leftOutOfFetch } from './fetched-words.ts';
import { stillTells } from './from-source.ts';
import { withRemote } from './open-remotes.ts';
import type { OpenShares } from './open-shares.ts';
import type { ShareValues } from './options.ts';
import { findRoots } from './push-roots.ts';
import type { SharedThing } from './thing.ts';
import { isFromRepository, pathOfThing } from './thing.ts';
import { allHere, missingJson, missingLines } from './words.ts';

type Options = ShareValues & ChoiceValues & { readonly 'allow-missing'?: boolean };

/** What a fetch would bring, and what it could not. */
export async function dryFetch(
  opened: OpenShares,
  { context, options, verbose }: { readonly context: Context; readonly options: Options; readonly verbose: boolean },
): Promise<Outcome> {
  const { engine } = opened.data;
  const maxSize = maxSizeOf(options);
  const sources = fromSources(opened, maxSize);
  const lines: string[] = [];
  const remotes: unknown[] = [];
  const problems: Problem[] = [];
  const lacking: unknown[] = [];
  for (const { name, things } of opened.shares.shares) {
    await withRemote(engine, { name, context, options }, async (remote) => {
      const { roots, lost } = await findRoots(remote, engine.store, { things, keep: false, maxSize });
      const { total, missing } = await compare(remote, engine.store, roots);
      const would = total.deleted;
      const others = missing.length === 0 ? [] : await fromUrls(opened, { things, missing, maxSize, context });
      sources.push(...others.map(({ thing }) => sourceOf(thing)));
      const had = new Set(others.flatMap(({ digests }) => digests));
      const gone = [...missing, ...lost.map((path): NamedObject => ({ path, size: 0 }))].filter(({ digest, path }) =>
        digest === undefined ? !others.some(({ thing }) => isWithin(thing.path, path)) : !had.has(digest),
      );
      if (would.objects > 0) lines.push(`Would fetch ${amountOf(would)} from ${name}.`);
      else lines.push(missing.length + lost.length > 0 ? `Nothing would come from ${name}.` : allHere(name));
      if (gone.length > 0) problems.push(...(await absentPlace(name, remote.place)));
      lines.push(...missingLines(name, gone, verbose));
      lacking.push(...gone);
      const place = remote.place.name;
      remotes.push({ name, place, ...would, records: 0, absent: gone.map(missingJson), wrong: [] });
    });
  }
  lines.unshift(...sources.map(sourceLine));
  if (lines.length === 0) lines.push('There is nothing to fetch.');
  return {
    exit: lacking.length > 0 && options['allow-missing'] !== true ? 1 : 0,
    problems,
    text: [...lines, ...leftOutOfFetch(opened)].join('\n'),
    json: { schema: 'pipe.fetch/1', dry: true, remotes, ...(sources.length > 0 ? { sources } : {}) },
  };
}

interface FromSource {
  readonly path: string;
  readonly url: string;
  /** `null` where nobody says it. */
  readonly size: number | null;
}

/** What would come from where it was imported from. */
function fromSources({ data, shared, sourced, waiting }: OpenShares, maxSize: number): FromSource[] {
  const late = waiting.map(({ path, imported }) => ({ path, url: redactUrls(imported.url), size: imported.size ?? null })); // prettier-ignore
  const onlyThere = shared.things.filter((thing) => isFromRepository(thing) || sourced.includes(thing));
  const away = importsAway(data, onlyThere, maxSize);
  return [...late, ...away.map(sourceOf)];
}

function sourceOf(thing: ImportAway): FromSource {
  const { imported, below, entry } = thing;
  return { path: pathOfThing(thing), url: redactUrls(imported.url), size: below === '' ? entry.size : null };
}

function sourceLine({ path, url, size }: FromSource): string {
  return `Would download ${clean(path)} from ${clean(url)}${size === null ? '' : `: ${formatSize(size)}`}.`;
}

interface Lacking {
  readonly things: readonly SharedThing[];
  /** What neither the cache nor the remote has of them. */
  readonly missing: readonly NamedObject[];
  readonly maxSize: number;
  readonly context: Context;
}

/** What a remote lacks and the URL that it was imported from still has, by what that tells; and what it lacks of each. */
async function fromUrls(
  { data }: OpenShares,
  { things, missing, maxSize, context }: Lacking,
): Promise<{ readonly thing: ImportAway; readonly digests: readonly Digest[] }[]> {
  const found: { thing: ImportAway; digests: Digest[] }[] = [];
  const { store } = data.engine;
  const lacked = new Set(missing.flatMap(({ digest }) => digest ?? []));
  const sought = { isMeant: (raw: RawDigest) => lacked.has(digestOfRaw(raw)), read: (digest: Digest) => store.read(digest) }; // prettier-ignore
  for (const thing of importsAway(data, things, maxSize)) {
    const { imported } = thing;
    if (imported.kind !== 'url') continue;
    // Another version of the same path is another matter.
    const digests = nameObjects([thing], sought).flatMap(({ digest }) => digest ?? []);
    if (digests.length === 0) continue;
    try {
      if (await stillTells(data.engine, imported, context)) found.push({ thing, digests });
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
    }
  }
  return found;
}
