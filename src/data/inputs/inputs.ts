import { posix } from 'node:path';
import { fingerprintPath } from '../../fingerprint/file.ts';
import { firstNames } from '../../kit/first-names.ts';
import { knownFile } from '../../fingerprint/look.ts';
import type { Digest } from '../../kit/digest.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { readPointers } from '../../project/pointer-files.ts';
import { writePointer } from '../../project/write-pointer.ts';
import type { Engine } from '../../run/engine.ts';
import type { AwayThing, ChangedInput, Inputs, PartialThing, RefusedInput } from '../../run/inputs.ts';
import { namingRules } from '../../run/link-rules.ts';
import { relinkStored, straysAt } from '../../run/relink.ts';
import { listingSink } from '../../run/sink.ts';
import { boundedTrees } from '../../store/count-folders.ts';
import { isSameObject } from '../../store/diff-tree.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { Entry, Tree } from '../../store/tree.ts';
import { editTracked, readPointerIfThere } from '../tracked-folder.ts';
import { absoluteOf, claimed, storeNow } from '../workspace.ts';
import { editBase } from './base-edits.ts';
import type { Bases } from './bases.ts';
import { openBases } from './bases.ts';
import type { Difference } from './compare.ts';
import { SAME, compare } from './compare.ts';
import type { InputThing, InputUnit } from './things.ts';
import { inputThings, inputUnits } from './things.ts';

export interface InputsOptions {
  /** The pointers of the project, relative to it. */
  readonly pointerFiles: readonly string[];
  /** Addresses of the stages of the run. */
  readonly selected: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** With `--pull`: brings the whole list of a folder inside a thing, as far as it can be had. */
  readonly bringList?: ((thing: AwayThing, below: string) => Promise<void>) | undefined;
}

/** A unit that is not as it is recorded. */
export interface Differing {
  readonly unit: InputUnit;
  readonly path: string;
  readonly recorded: Entry | undefined;
  readonly difference: Difference;
}

/**
 * Compares what stages of a run read, and none of them makes, with what is recorded of it. Files that the index knows
 * are not read; lists of folders are only where something differs.
 * @throws {PipeError} with what is wrong with pointers, and as a walk does
 */
export async function lookAtInputs(engine: Engine, options: InputsOptions): Promise<Inputs> {
  const { selected, signal, bringList } = options;
  const { pointers, problems } = readPointers(engine.project.root, options.pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  const stages = [...engine.graph.stages.values()].filter(({ address, frozen, when }) => selected.has(address) && !frozen && when?.holds !== false); // prettier-ignore
  const units = inputUnits(stages, inputThings(engine, { pointers, selected }));
  const bases = openBases(engine.project);
  const found = new Map<string, Entry>();
  const differing: Differing[] = [];
  const refused: RefusedInput[] = [];
  for (const unit of units) {
    const look = (): Promise<Differing | undefined> => lookAtUnit(engine, unit, { bases, found, signal });
    const each = bringList === undefined ? await look() : await lookWithLists(look, bringList);
    refused.push(...goneLinks(engine, unit));
    if (each !== undefined) differing.push(each);
  }
  // Nothing is claimed yet: what another process has noted meanwhile is newer.
  bases.save({ isClaimed: false, waits: false });
  const changed = differing.filter(isToBeRecorded);
  return {
    found,
    partial: differing.flatMap(partialOf),
    refused,
    changed: changed.map(changedOf),
    notes: differing.flatMap(notesOf),
    record: (stop, onRecorded) => recordAll(engine, changed, { signal: stop, onRecorded }),
  };
}

/** Looks again as long as lists come that were not here. */
async function lookWithLists(
  look: () => Promise<Differing | undefined>,
  bring: NonNullable<InputsOptions['bringList']>,
): Promise<Differing | undefined> {
  const asked = new Set<string>();
  for (;;) {
    const found = await look();
    const { thing } = found?.unit ?? {};
    const open = found?.difference.unlisted.filter(({ path }) => !asked.has(path)) ?? [];
    if (thing === undefined || open.length === 0) return found;
    for (const { path } of open) {
      asked.add(path);
      await bring(thing, posix.relative(thing.path, path));
    }
  }
}

interface LookOptions {
  readonly bases: Bases;
  readonly found: Map<string, Entry>;
  readonly signal: AbortSignal;
}

/** How a unit differs from what is recorded of it; nothing where it does not. */
export async function lookAtUnit(
  engine: Engine,
  unit: InputUnit,
  { bases, found, signal }: LookOptions,
): Promise<Differing | undefined> {
  const { thing, below, isDep } = unit;
  const path = posix.join(thing.path, below);
  const recorded = entryAt(engine.store, thing.entry, below);
  const isAsRecorded = (entry: Entry | undefined): boolean => isSameObject(entry, recorded);
  const agree = (): void => {
    if (below === '' && thing.pointer !== undefined) bases.set(path, thing.entry);
  };
  const file = knownFile(path, false, engine.fingerprint);
  if (file !== undefined && isAsRecorded(file)) {
    agree();
    return undefined;
  }
  if (isDep && recorded?.kind === 'dir') {
    // As the survey looks at it: nothing is walked twice where nothing changed.
    const entry = await fingerprintPath(path, { follow: true, signal }, engine.fingerprint);
    if (entry !== undefined) found.set(path, entry);
    if (isAsRecorded(entry)) {
      agree();
      return undefined;
    }
  }
  const rules = namingRules(engine.store);
  const present = file ?? (await fingerprintPath(path, { follow: false, rules, signal }, engine.fingerprint));
  // What is missing as a whole is a dep that is not there.
  if (present === undefined) {
    // A folder that a run makes here from now on is not one that somebody means as a whole.
    if (bases.get(thing.path) === undefined) bases.drop(thing.path);
    return undefined;
  }
  if (isAsRecorded(present)) {
    agree();
    return undefined;
  }
  const trees = new Map<Digest, Buffer>();
  if (present.kind === 'dir') await fingerprintPath(path, { follow: false, rules, signal, sink: listingSink(engine, trees) }, engine.fingerprint); // prettier-ignore
  const difference = differenceOf(
    engine,
    { unit, recorded, present, base: bases.get(thing.path), isBasePartial: bases.isPartial(thing.path) },
    { trees },
  );
  return { unit, path, recorded, difference };
}

/** A command that reads a folder would not see files that are links to nothing; a file counts as a missing dep. */
function goneLinks(engine: Engine, { thing, below }: InputUnit): RefusedInput[] {
  const path = posix.join(thing.path, below);
  const gone = straysAt(engine, path).filter((each) => each.state === 'gone' && each.path !== path);
  if (gone.length === 0) return [];
  const names = firstNames(gone.map((each) => each.path));
  const problem: Problem = {
    code: 'PIPE_LINK_OBJECT',
    message: `${path} holds links to objects that are not there: ${names}`,
    hint: `put them right with \`pipe checkout ${path}\`, or with \`pipe pull ${path}\` where the cache lacks them`,
  };
  return [{ path, problem }];
}

function differenceOf(
  { store }: Engine,
  sides: { readonly unit: InputUnit; readonly recorded: Entry | undefined; readonly present: Entry; readonly base: Entry | undefined; readonly isBasePartial: boolean }, // prettier-ignore
  { trees, news }: { readonly trees?: ReadonlyMap<Digest, Buffer>; readonly news?: ReadonlySet<Digest | undefined> },
): Difference {
  const { unit, recorded, present, base, isBasePartial } = sides;
  const { thing, below } = unit;
  const path = posix.join(thing.path, below);
  const read = boundedTrees({ read: (digest) => trees?.get(digest) ?? store.read(digest) });
  if (recorded === undefined && read(thing.entry) === undefined) {
    return base === undefined || isBasePartial
      ? { ...SAME, unlisted: [{ path, entry: thing.entry }] }
      : { ...SAME, unknown: [thing.path] };
  }
  const { entry: baseThere, isLost: isBaseLost } = baseAt(base, below, read);
  const isBaseKnown = base !== undefined && !isBaseLost;
  const three = { recorded, present, base: baseThere, isBaseKnown, isBasePartial, isBaseLost };
  return compare(path, three, { read, has: ({ digest }) => news?.has(digest) !== true && store.has(digest) });
}

/** What of a base lay at a path below it, or that the list that tells is gone. */
function baseAt(
  base: Entry | undefined,
  below: string,
  read: (folder: Entry) => Tree | undefined,
): { readonly entry?: Entry | undefined; readonly isLost: boolean } {
  let entry = base;
  for (const name of below === '' ? [] : below.split('/')) {
    if (entry?.kind !== 'dir') return { isLost: false };
    const tree = read(entry);
    if (tree === undefined) return { isLost: true };
    entry = tree.get(name);
  }
  return { entry, isLost: false };
}

function isToBeRecorded({ unit: { thing }, difference }: Differing): boolean {
  const { edits, behind, unknown, unlisted, lost } = difference;
  const others = behind.length + unknown.length + unlisted.length + lost.length;
  return isOwn(thing.pointer) && edits.length > 0 && others === 0;
}

/** Whether what a pointer records changes with the data. */
function isOwn(tracked: TrackedPath | undefined): tracked is TrackedPath {
  return tracked !== undefined && tracked.pointer.frozen !== true && tracked.pointer.imported === undefined;
}

function changedOf({ path, unit: { thing } }: Differing): ChangedInput {
  return { path, pointer: thing.pointer?.file ?? '' };
}

function partialOf({ path, recorded, unit, difference }: Differing): PartialThing[] {
  const { absent, edits, behind, unknown, unlisted, lost } = difference;
  const parts = [...absent, ...unlisted.map((part) => ({ ...part, isUnlisted: true }))];
  if (parts.length === 0) return [];
  const isClean = edits.length + behind.length + unknown.length + unlisted.length + lost.length === 0;
  return [{ path, entry: recorded ?? unit.thing.entry, parts, isClean, whole: unit.thing.path }];
}

function notesOf({ unit, difference }: Differing): Inputs['notes'][number][] {
  const { pointer } = unit.thing;
  if (!isOwn(pointer)) return [];
  const [behind] = difference.behind;
  const [unknown] = difference.unknown;
  const [lost] = difference.lost;
  if (behind !== undefined) {
    return [
      {
        message: `${behind} is not what ${pointer.file} says, and was not changed since it came: the run reads what is there`,
        hint: `\`pipe checkout ${pointer.path}\` puts in place what is recorded; \`pipe add --force ${behind}\` records what is there`,
      },
    ];
  }
  if (lost !== undefined) {
    return [
      {
        message: `whether ${lost} was changed here, or recorded anew in ${pointer.file}, cannot be told any more: the run reads what is there`,
        hint: `\`pipe checkout ${pointer.path}\` puts in place what is recorded; \`pipe add --force ${lost}\` records what is there`,
      },
    ];
  }
  if (unknown === undefined) return [];
  const message = `whether ${unknown} is what ${pointer.file} says cannot be told: what lists it is not here`;
  return [{ message, hint: `\`pipe fetch ${pointer.path}\` brings it` }];
}

interface RecordOptions {
  readonly signal: AbortSignal;
  readonly onRecorded: (changed: ChangedInput) => void;
}

async function recordAll(engine: Engine, changed: readonly Differing[], options: RecordOptions): Promise<string[]> {
  const written: string[] = [];
  for (const each of changed) {
    const file = await record(engine, each, options);
    if (file === undefined) continue;
    written.push(absoluteOf(engine.project, file));
    options.onRecorded(changedOf(each));
  }
  return written;
}

/** As `pipe add` does it: stored first, and what is compared is what is stored. What never came stays recorded. */
async function record(
  engine: Engine,
  { unit, difference: seen }: Differing,
  { signal }: Pick<RecordOptions, 'signal'>,
): Promise<string | undefined> {
  const { path: whole } = unit.thing;
  return claimed(engine, { writes: [whole], signal, name: 'repro' }, async () => {
    const tracked = readPointerIfThere(engine.project, unit.thing.pointer?.file ?? '');
    if (!isOwn(tracked) || tracked.path !== whole) return undefined;
    const path = posix.join(whole, unit.below);
    const present = await storeNow(engine, path, { signal });
    if (present === undefined) return undefined;
    // Another process may have worked on the path until it was claimed.
    const bases = openBases(engine.project);
    const thing: InputThing = { path: whole, entry: tracked.entry, pointer: tracked };
    const now = { ...unit, thing };
    const recorded = entryAt(engine.store, tracked.entry, unit.below);
    const sides = { unit: now, recorded, present, base: bases.get(whole), isBasePartial: bases.isPartial(whole) };
    // What was new a moment ago is stored by now.
    const news = new Set(seen.edits.map(({ entry }) => entry?.digest));
    const difference = differenceOf(engine, sides, { news });
    if (!isToBeRecorded({ unit: now, path, recorded, difference })) return undefined;
    const { edits, absent } = difference;
    const isWhole = unit.below === '' && absent.length === 0;
    const below = edits.map((edit) => ({ ...edit, path: posix.relative(whole, edit.path) }));
    const { done, file } = isWhole
      ? writePointer(engine.project, tracked, present)
      : await editTracked(engine, tracked, below);
    if (isWhole) bases.set(whole, present);
    else await editBase(engine, bases, { path: whole, edits: below });
    bases.save();
    const stored = edits.flatMap((edit): [string, Entry][] => (edit.entry === undefined ? [] : [[edit.path, edit.entry]])); // prettier-ignore
    await relinkStored(engine, stored, { links: engine.links, signal });
    return done === 'unchanged' ? undefined : file;
  });
}
