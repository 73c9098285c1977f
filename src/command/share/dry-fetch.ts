import type { Digest, RawDigest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import { isWithin } from '../../kit/path.ts';
import { problemJson } from '../../problem/json.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { absentPlace } from '../../remote/absent-place.ts';
import type { Tally } from '../../remote/compare.ts';
import { compare } from '../../remote/compare.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { rootsOfRuns } from '../../remote/pushed-logs.ts';
import type { PushRoot } from '../../remote/push.ts';
import { lookAtRecords } from '../../remote/records.ts';
import type { Remote } from '../../remote/remote.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { formatSize } from '../../report/size.ts';
import { amountOf, clean } from '../../report/words.ts';
import type { Context, Outcome } from '../command.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { ImportAway } from './fetch-imports.ts';
import { importsAway } from './fetch-imports.ts';
import { leftOutOfFetch } from './fetched-words.ts';
import { mayStillHold } from './from-source.ts';
import { divideByHand, faultOf, missingOf, nowhere, placeOf } from './fetch-shares.ts';
import type { RemoteShare } from './open-remotes.ts';
import { withRemote } from './open-remotes.ts';
import type { OpenShares } from './open-shares.ts';
import type { ShareValues } from './options.ts';
import { findRoots } from './push-roots.ts';
import type { SharedThing } from './thing.ts';
import { isFromRepository, pathOfThing } from './thing.ts';
import { allHere, cutLines, missingJson, missingLines, unreadJson, withRecordsText } from './words.ts';

type Options = ShareValues & ChoiceValues & { readonly 'allow-missing'?: boolean };

/** What a fetch would bring, and what it could not. */
export async function dryFetch(
  opened: OpenShares,
  { context, options, verbose }: { readonly context: Context; readonly options: Options; readonly verbose: boolean },
): Promise<Outcome> {
  const maxSize = maxSizeOf(options);
  const sources = fromSources(opened, maxSize);
  const lines: string[] = [];
  const remotes: unknown[] = [];
  const problems: Problem[] = [];
  const lacking: unknown[] = [];
  let isAnything = sources.length > 0;
  let isAnyCut = false;
  for (const { name, things } of opened.shares.shares) {
    const looked = await look(opened, { name, things }, { context, options });
    const { place, would, records, missing, isCut } = looked;
    const others = missing.length === 0 ? [] : await fromUrls(opened, { things, missing, maxSize, context });
    sources.push(...others.map(({ thing }) => sourceOf(thing)));
    const had = new Set(others.flatMap(({ digests }) => digests));
    const gone = missing.filter(({ digest, path }) =>
      digest === undefined ? !others.some(({ thing }) => isWithin(thing.path, path)) : !had.has(digest),
    );
    if (would.objects + records > 0)
      lines.push(`Would fetch ${amountOf(would)}${withRecordsText(records)} from ${name}.`);
    else if (!isCut) lines.push(missing.length > 0 ? `Nothing would come from ${name}.` : allHere(name));
    lines.push(...(isCut ? cutLines : missingLines)(name, gone, verbose));
    lacking.push(...gone);
    isAnything ||= !isCut || looked.here > 0 || others.length > 0;
    // Nobody knows what records it has.
    const isFault = isCut && (gone.length > 0 || opened.runCache === 'all');
    const told = isFault || gone.length > 0 ? looked.problems : [];
    isAnyCut ||= isFault;
    problems.push(...told);
    const fault = isFault ? { problems: told.map(problemJson) } : {};
    remotes.push({ name, place, ...would, records, absent: gone.map(missingJson), wrong: [], ...fault });
  }
  if (isAnyCut && !isAnything) throw new PipeError(problems);
  lines.unshift(...sources.map(sourceLine));
  if (lines.length === 0 && !isAnyCut) lines.push('There is nothing to fetch.');
  return {
    exit: isAnyCut || (lacking.length > 0 && options['allow-missing'] !== true) ? 1 : 0,
    problems,
    text: [...lines, ...leftOutOfFetch(opened)].join('\n'),
    json: {
      schema: 'pipe.fetch/1',
      dry: true,
      remotes,
      ...(sources.length > 0 ? { sources } : {}),
      ...unreadJson(opened.shared.problems),
    },
  };
}

interface Looked {
  readonly place: string | null;
  /** Things of which the cache has all. */
  readonly here: number;
  readonly would: Tally;
  /** Run records that would come. */
  readonly records: number;
  /** What neither the cache nor the remote has; or the cache, where the remote failed. */
  readonly missing: readonly NamedObject[];
  /** Why it is missing. */
  readonly problems: readonly Problem[];
  readonly isCut: boolean;
}

/** What a remote has of what the cache lacks. It is not asked where that is nothing. */
async function look(
  { data, runCache }: Pick<OpenShares, 'data' | 'runCache'>,
  { name, things }: RemoteShare,
  { context, options }: { readonly context: Context; readonly options: Options },
): Promise<Looked> {
  const { here, lacking } = divideByHand(data, things);
  const where = (): Promise<string | null> => {
    const place = placeOf(data, name, { context, options });
    return options.remote === undefined ? place.catch(nowhere) : place;
  };
  const none = {
    here: here.length,
    would: { objects: 0, bytes: 0 },
    records: 0,
    missing: [],
    problems: [],
    isCut: false,
  };
  const isRecords = runCache === 'all';
  if (lacking.length === 0 && !isRecords) return { ...none, place: await where() };
  const { engine } = data;
  try {
    return await withRemote(engine, { name, context, options }, async (remote) => {
      const { roots, lost } = await findRoots(remote, engine.store, { things: lacking, keep: false, maxSize: maxSizeOf(options) }); // prettier-ignore
      const { total, missing: named } = await compare(remote, engine.store, roots);
      const runs = isRecords
        ? await lookAtRuns(remote, engine.store, { roots, maxSize: maxSizeOf(options) })
        : undefined;
      const missing = [...named, ...lost.map((path): NamedObject => ({ path, size: 0 }))];
      const problems = missing.length > 0 ? await absentPlace(name, remote.place) : [];
      return { ...none, place: remote.place.name, would: total.deleted, missing, problems, ...runs };
    });
  } catch (error) {
    const problems = faultOf(error, context.signal);
    const place = await placeOf(data, name, { context, options }).catch(nowhere);
    return { ...none, place, missing: missingOf(data, lacking), problems, isCut: true };
  }
}

/** What would come with run records, beside what is tracked; an object of both counts once. */
async function lookAtRuns(
  remote: Remote,
  store: ObjectStore,
  { roots, maxSize }: { readonly roots: readonly PushRoot[]; readonly maxSize: number },
): Promise<Pick<Looked, 'would' | 'records'>> {
  const { came, here } = await lookAtRecords(remote, store);
  const outs = await rootsOfRuns(remote, store, { records: [...came, ...here], maxSize });
  const { total } = await compare(remote, store, [...roots, ...outs.map((out) => ({ ...out, path: '' }))]);
  return { would: total.deleted, records: came.length };
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
    const [path, entry] = [pathOfThing(thing), entryAt(store, thing.entry, thing.below)];
    const digests = entry === undefined ? [] : nameObjects([{ entry, path }], sought).flatMap(({ digest }) => digest ?? []); // prettier-ignore
    const isLost = missing.some((each) => each.digest === undefined && each.path === path);
    if (digests.length === 0 && !isLost) continue;
    try {
      if (await mayStillHold(data.engine, imported, context)) found.push({ thing, digests });
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
    }
  }
  return found;
}
