import { relative } from 'node:path';
import type { Digest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import { byCodeUnit } from '../../kit/order.ts';
import { systemFault } from '../../kit/system-fault.ts';
import type { Needs, Root } from '../../lockfile/needed.ts';
import type { Problem } from '../../problem/problem.ts';
import { formatCount, formatSize } from '../../report/size.ts';
import { clean, plural, shellWord } from '../../report/words.ts';
import type { CheckedStore, DamagedPack, DeniedFile } from '../../store/check.ts';
import type { BrokenNeed } from '../../store/check-needs.ts';
import { lostObjects } from '../../store/repair.ts';
import type { StoreContents } from '../../store/stored-objects.ts';

/** What came out of looking at a store and at what needs it. */
export interface Examined {
  /** The store's folder. */
  readonly root: string;
  readonly checked: CheckedStore;
  readonly needs: Needs;
  readonly broken: ReadonlyMap<Digest, BrokenNeed>;
  /** What killed processes left behind. */
  readonly left: readonly string[];
  readonly repaired:
    | {
        /** Damaged packs that a process relies on. */
        readonly inUse: readonly DamagedPack[];
        /** What cannot be had still. */
        readonly still: ReadonlyMap<Digest, BrokenNeed>;
        /** Why a remote could not be asked for what was damaged. */
        readonly away: readonly Problem[];
        /** What the cache holds now. */
        readonly now: StoreContents;
        /** Whether there are right bytes of an object now. */
        readonly has: (digest: Digest) => boolean;
      }
    | undefined;
}

/** What was asked for what it needs. */
export interface AskedNeeds {
  /** Locks of the workspace. */
  readonly locks: number;
  /** Pointers of the workspace. */
  readonly pointers: number;
  /** The workspace counts as one. */
  readonly revisions: number;
}

/** A file that holds wrong bytes. */
export interface DamagedFile {
  readonly file: string;
  readonly what: 'object' | 'pack' | 'run' | 'tables' | 'format' | 'note';
  /** Objects of which it held wrong bytes. */
  readonly objects: readonly Digest[];
  readonly tableDamaged?: boolean;
  readonly repaired: boolean;
}

/** An object that is needed and cannot be had. */
export interface MissingObject {
  readonly digest: Digest;
  readonly kind: BrokenNeed['kind'];
  readonly state: 'absent' | 'damaged' | 'malformed';
  readonly size: number;
  readonly healed: boolean;
  readonly places: BrokenNeed['places'];
}

/** What `pipe fsck --json` prints. */
export interface FsckDocument {
  readonly schema: 'pipe.fsck/1';
  readonly ok: boolean;
  readonly objects: number;
  readonly bytes: number;
  readonly runs: number;
  readonly needs: AskedNeeds;
  /** Different objects of which wrong bytes were found, before anything was healed. */
  readonly damagedObjects: number;
  /** Those of them of which there are right bytes now. */
  readonly healedObjects: number;
  readonly damaged: readonly DamagedFile[];
  readonly missing: readonly MissingObject[];
  readonly leftovers: readonly string[];
  readonly problems: readonly (Pick<Problem, 'code' | 'message' | 'hint'> & { readonly file: string })[];
  /** Why remotes could not be asked for what was damaged. */
  readonly away?: readonly Pick<Problem, 'code' | 'message' | 'hint'>[];
  /** The remote, where it is not the cache that was checked. */
  readonly remote?: { readonly name: string; readonly place: string };
}

/** The document of `pipe fsck --json`. */
export function fsckJson(examined: Examined): FsckDocument {
  const { checked, left, needs, repaired } = examined;
  const damaged = damagedFiles(examined);
  const missing = missingObjects(examined);
  const problems = [
    ...checked.denied.map((each) => deniedFile(examined.root, each)),
    ...needs.problems.map(({ problem: { code, message, hint }, file }) => {
      return { code, message, file, ...(hint === undefined ? {} : { hint }) };
    }),
  ];
  const wrong = wrongObjects(damaged);
  const isWell =
    problems.length === 0 && damaged.every((each) => each.repaired) && missing.every(({ healed }) => healed);
  return {
    schema: 'pipe.fsck/1',
    ok: isWell && (repaired?.still.size ?? 0) === 0,
    objects: repaired?.now.objects ?? checked.objects.size,
    bytes: repaired?.now.bytes ?? checked.bytes,
    // What is no record any more was set aside.
    runs: checked.runs - (repaired === undefined ? 0 : checked.damagedRuns.length),
    needs: { ...countFiles(needs.roots), revisions: 1 },
    damagedObjects: wrong.size,
    healedObjects: repaired === undefined ? 0 : [...wrong].filter((digest) => repaired.has(digest)).length,
    damaged,
    missing,
    leftovers: left,
    problems,
    ...(repaired === undefined || repaired.away.length === 0
      ? {}
      : {
          away: repaired.away.map(({ code, message, hint }) => ({
            code,
            message,
            ...(hint === undefined ? {} : { hint }),
          })),
        }),
  };
}

function deniedFile(root: string, { path, error }: DeniedFile): FsckDocument['problems'][number] {
  const { reason = '', hint = '' } = systemFault(error) ?? {};
  return { code: 'PIPE_FILE_READ', message: `cannot be read: ${reason}`, hint, file: relative(root, path) };
}

/** The different objects that files hold wrong bytes of. */
export function wrongObjects(damaged: readonly DamagedFile[]): Set<Digest> {
  return new Set(damaged.flatMap(({ objects }) => objects));
}

/** How many locks and pointers say what is needed. */
export function countFiles(roots: readonly Pick<Root, 'file' | 'stage'>[]): Pick<AskedNeeds, 'locks' | 'pointers'> {
  const filesOf = (isLock: boolean): number =>
    new Set(roots.filter(({ stage }) => (stage !== undefined) === isLock).map(({ file }) => file)).size;
  return { locks: filesOf(true), pointers: filesOf(false) };
}

function damagedFiles({ root, checked, repaired }: Examined): DamagedFile[] {
  const at = (path: string): string => relative(root, path);
  const isDone = repaired !== undefined;
  return [
    ...(checked.isFormatDamaged ? [{ file: 'format', what: 'format', objects: [], repaired: isDone } as const] : []),
    ...checked.damagedPacks.map(
      (pack) =>
        ({
          file: at(pack.path),
          what: 'pack',
          objects: pack.bad.map(({ digest }) => digestOfRaw(digest)),
          tableDamaged: pack.isTableDamaged,
          repaired: isDone && !repaired.inUse.includes(pack),
        }) as const,
    ),
    ...checked.damagedLoose.map(
      ({ digest, path }) => ({ file: at(path), what: 'object', objects: [digest], repaired: isDone }) as const,
    ),
    ...checked.damagedRuns.map((path) => ({ file: at(path), what: 'run', objects: [], repaired: isDone }) as const),
    ...checked.wrongNotes.map((path) => ({ file: at(path), what: 'note', objects: [], repaired: isDone }) as const),
  ];
}

/** What was missing, and what was found to be when lists of folders had been healed. */
function missingObjects({ checked, broken, repaired }: Examined): MissingObject[] {
  const lost = lostObjects(checked);
  return [...new Map([...broken, ...(repaired?.still ?? [])]).values()]
    .map(({ digest, kind, state, size, places }) => ({
      digest,
      kind,
      state: state === 'absent' && lost.has(digest) ? ('damaged' as const) : state,
      size,
      healed: repaired !== undefined && !repaired.still.has(digest),
      places,
    }))
    .sort((a, b) => byCodeUnit(a.places[0]?.path ?? '', b.places[0]?.path ?? ''));
}

/** As many lines of one kind as can be taken in. */
const MOST_LINES = 50;

/** What `pipe fsck` says to people. */
export function fsckText(examined: Examined, verbose: boolean): string {
  return documentText(fsckJson(examined), { verbose, isRepair: examined.repaired !== undefined });
}

/** The same, of a document. */
export function documentText(
  document: FsckDocument,
  { verbose, isRepair }: { readonly verbose: boolean; readonly isRepair: boolean },
): string {
  const { missing, damaged, leftovers, problems, remote } = document;
  const where = remote === undefined ? 'the cache' : remote.name;
  const few = (lines: readonly string[]): string[] =>
    verbose || lines.length <= MOST_LINES
      ? lines.map((line) => `  ${line}`)
      : [...lines.slice(0, MOST_LINES).map((line) => `  ${line}`), `  and ${lines.length - MOST_LINES} more (-v)`];
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...few(lines), ''];
  const lines = [
    ...part(
      'Damaged:',
      damaged.map((each) => damagedLine(each, remote === undefined)),
    ),
    ...part(`Not in ${where}, or damaged there:`, missing.filter(({ healed }) => !healed).flatMap(missingLines)),
    ...part('Healed:', missing.filter(({ healed }) => healed).flatMap(missingLines)),
    ...part(
      'Wrong, or not to be read:',
      problems.flatMap(({ file, message, hint }) => [
        clean(`${file}: ${message}`),
        ...(hint === undefined ? [] : [`  hint: ${clean(hint)}`]),
      ]),
    ),
    ...(leftovers.length === 0
      ? []
      : [`${isRepair ? 'Put in order' : 'Left behind by killed processes'}: ${plural(leftovers.length, 'file')}`, '']),
  ];
  return [...lines, ...verdict(document, isRepair)].join('\n');
}

function verdict(document: FsckDocument, isRepair: boolean): string[] {
  const { ok, objects, bytes, runs, damaged, missing, damagedObjects, remote } = document;
  const word = !ok ? 'Checked' : damaged.length + missing.length > 0 ? 'All was repaired:' : 'All is well:';
  // Those that are right after a repair are more than those that were.
  const wrong =
    damagedObjects === 0 || isRepair
      ? ''
      : ` that ${objects === 1 ? 'is' : 'are'} right, ${formatCount(damagedObjects)} that ${damagedObjects === 1 ? 'is' : 'are'} wrong`;
  const checked = `${word} ${plural(objects, 'object')}${wrong} (${formatSize(bytes)}) and ${plural(runs, 'run record')}.`;
  const isForRepair = damaged.some(({ repaired }) => !repaired) || missing.some(({ healed }) => !healed);
  const hints = remote === undefined ? hintsOf(document, isRepair) : [remoteHintOf(isRepair)];
  return [
    checked,
    ...(isRepair ? healedLines(document) : []),
    scopeLine(document, damaged.length + missing.length > 0),
    ...(ok || !isForRepair ? [] : hints),
  ];
}

/** How many of those that held wrong bytes have right ones now, and why others need none. */
function healedLines({ damagedObjects, healedObjects, missing }: FsckDocument): string[] {
  if (damagedObjects === 0) return [];
  const left = damagedObjects - healedObjects;
  const needed = missing.filter(({ healed, state }) => !healed && state === 'damaged').length;
  const rest =
    left === 0
      ? ''
      : needed === 0
        ? `; nothing that was looked at needs the ${left === 1 ? 'other' : `other ${formatCount(left)}`}`
        : `; ${formatCount(needed)} ${needed === 1 ? 'is' : 'are'} needed still`;
  return [`Healed ${formatCount(healedObjects)} of ${plural(damagedObjects, 'damaged object')}${rest}.`];
}

/** What was looked at, and what was not. Of a remote, revisions are told of only where they named something. */
function scopeLine({ needs: { locks, pointers, revisions }, remote }: FsckDocument, isWrong: boolean): string {
  const who = `${plural(locks, 'lock')} and ${plural(pointers, 'pointer')} of the workspace`;
  if (remote === undefined)
    return `Looked for what ${who} and the run records need; other revisions were not looked at.`;
  const named = isWrong ? `; ${plural(revisions, 'revision')} told the names of what is wrong` : '';
  return `Looked for what ${who} need${named}.`;
}

/** As many paths are named of what to fetch. */
const MOST_FETCHED = 3;

function hintsOf({ damaged, missing }: FsckDocument, isRepair: boolean): string[] {
  const left = missing.filter(({ healed, state }) => !healed && (isRepair || state === 'absent'));
  const isForRepair = !isRepair && (damaged.length > 0 || missing.length > left.length);
  const paths = new Set(left.flatMap(({ places }) => places.filter(({ from }) => !from.startsWith('run of ')).slice(0, 1).map(({ path }) => path))); // prettier-ignore
  const named = paths.size > MOST_FETCHED ? [] : [...paths].map(shellWord);
  const fetch = ['pipe fetch', ...named].join(' ');
  return [
    ...(isForRepair
      ? ['`pipe fsck --repair` sets aside what is damaged and heals what there is another copy of.']
      : []),
    ...(paths.size > 0
      ? [`What is missing comes with \`${fetch}\` if a remote has it; or a stage can make it again.`]
      : []),
    ...(paths.size === 0 && left.length > 0
      ? ['What is missing belongs to runs alone: their stages can make it again.']
      : []),
  ];
}

function remoteHintOf(isRepair: boolean): string {
  return isRepair
    ? 'What is missing still may be at hand elsewhere: `pipe push` there sends it.'
    : '`pipe fsck --remote --repair` replaces what is damaged, and sends what is at hand here.';
}

/** Of the cache, wrong bytes go out of the way; whether there are right ones is told below. */
const IN_CACHE: Readonly<Partial<Record<DamagedFile['what'], string>>> = {
  object: 'set aside',
  run: 'set aside',
  pack: 'replaced by what is right of it',
  note: 'removed',
};

function damagedLine({ file, what, objects, tableDamaged, repaired }: DamagedFile, isCache: boolean): string {
  const details = [
    ...(what === 'pack' && objects.length > 0 ? [plural(objects.length, 'object')] : []),
    ...(tableDamaged === true ? ['its table'] : []),
    ...(what === 'run' ? ['a run record'] : []),
    ...(what === 'tables' ? ['tables of packs'] : []),
    ...(what === 'note' ? ['a note without cause'] : []),
    ...(repaired ? [(isCache ? IN_CACHE[what] : undefined) ?? 'set right'] : []),
  ];
  return details.length === 0 ? file : `${file}: ${details.join(', ')}`;
}

function missingLines({ state, kind, size, digest, places }: MissingObject): string[] {
  const what = { absent: 'missing', damaged: 'damaged', malformed: 'no list of a folder' }[state];
  const list = kind === 'dir' || kind === 'part' ? 'the list of a folder of ' : '';
  return places.map(({ path, from }) =>
    clean(`${path} (${from}): ${what}, ${list}${formatSize(size)}, ${digest.slice(3, 11)}`),
  );
}
