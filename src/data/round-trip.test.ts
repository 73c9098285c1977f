import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAULT_SEED } from '../../test/rig/fault-seed.ts';
import { mountSharingDisk } from '../../test/rig/sharing-disk.ts';
import { compareSides } from '../command/diff/compare.ts';
import { diffJson, rowsOf } from '../command/diff/present.ts';
import type { Side } from '../command/diff/side.ts';
import { revisionSide, workspaceSide } from '../command/diff/side.ts';
import { parsePointer } from '../lockfile/pointer.ts';
import type { Needs } from '../lockfile/needed.ts';
import type { Engine } from '../run/engine.ts';
import type { LinkType } from '../store/link.ts';
import type { Content, Difference } from './fixture/random-folder.ts';
import { change, changes, differenceOf, fill, folders, largeFolders, look } from './fixture/random-folder.ts';
import { addAt, checkoutAt, commitAt, engineAt, newProject } from './project.fixture.ts';

/** Random folders for each type of link. */
const RUNS = 40;

let base: string;
let unmount: (() => void) | undefined;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-round-trip-'));
});
afterEach(() => {
  unmount?.();
  unmount = undefined;
  rmSync(base, { recursive: true, force: true });
});

/** `reflink` is tried on a disk that can, where one can be mounted; on others it is a copy. */
function mountFor(type: LinkType): void {
  unmount = type === 'reflink' ? mountSharingDisk(base) : undefined;
  if (unmount === undefined) return;
  const [one, other] = [join(base, 'one'), join(base, 'other')];
  writeFileSync(one, 'shared'.repeat(10_000));
  copyFileSync(one, other, constants.COPYFILE_FICLONE_FORCE);
}

async function addAll(root: string, type: LinkType): Promise<string> {
  await addAt(root, ['d'], type);
  return readFileSync(join(root, 'd.pipe'), 'utf8');
}

async function commitAll(root: string, type: LinkType): Promise<string> {
  await commitAt(root, type);
  return readFileSync(join(root, 'd.pipe'), 'utf8');
}

async function checkoutAll(root: string, type: LinkType): Promise<void> {
  const done = await checkoutAt(root, { type });
  expect(done.flatMap(({ missing }) => missing)).toEqual([]);
}

function needsOf(pointer: string): Needs {
  const parsed = parsePointer(pointer, { file: 'd.pipe' });
  if (!parsed.ok) throw new Error(pointer);
  const { entry, path, file } = parsed.value;
  return { roots: [{ entry, path, file, from: file, revisions: [] }], problems: [] };
}

interface Row {
  readonly path: string | { readonly old: string; readonly new: string };
  readonly kind?: { readonly old: string; readonly new: string };
}

/** What `pipe diff` tells of two versions, or of one and the workspace, with each rename as one that is gone and one that came. */
async function toldBy(root: string, pointers: readonly [string, string?]): Promise<Difference & { renamed: Row[] }> {
  const engine = await engineAt(root);
  const [before, after] = await sidesOf(engine, pointers);
  const compared = compareSides(before, after, { targets: [], has: (digest) => engine.store.has(digest) });
  engine.index.save();
  expect([compared.problems, compared.missing]).toEqual([[], []]);
  const json = diffJson(
    rowsOf(compared, (path) => path),
    false,
  ) as Record<'added' | 'deleted' | 'renamed' | 'modified' | 'unknown', Row[]>;
  expect(json.unknown).toEqual([]);
  const here = (path: Row['path']): string[] => (path === 'd/' ? [] : [(path as string).replace(/^d\//, '')]);
  const ends = (end: 'old' | 'new'): string[] => json.renamed.flatMap(({ path }) => here((path as { old: string; new: string })[end])); // prettier-ignore
  const pathsOf = (rows: readonly Row[]): string[] => rows.flatMap(({ path }) => here(path));
  return {
    added: [...pathsOf(json.added), ...ends('new')].sort(),
    deleted: [...pathsOf(json.deleted), ...ends('old')].sort(),
    modified: json.modified
      .flatMap(({ path, kind }) =>
        here(path).map((each) => (kind === undefined ? each : `${each} ${LETTERS[kind.new] ?? '?'}`)),
      ) // prettier-ignore
      .sort(),
    renamed: json.renamed,
  };
}

const LETTERS: Readonly<Record<string, string>> = { file: 'f', exec: 'x', link: 'l' };

async function sidesOf(engine: Engine, [old, young]: readonly [string, string?]): Promise<[Side, Side]> {
  const before = revisionSide(engine, needsOf(old));
  if (young !== undefined) return [before, revisionSide(engine, needsOf(young))];
  return [before, await workspaceSide(engine, needsOf(old), { outs: [], isWanted: () => true })];
}

/** Expects that `pipe diff` tells all that differs, nothing else, and a rename of all that may be one. */
async function expectDiff(
  root: string,
  pointers: readonly [string, string?],
  [before, after]: readonly [Content, Content],
): Promise<void> {
  const { renamed, ...told } = await toldBy(root, pointers);
  expect(told).toEqual(differenceOf(before, after));
  const [gone, come] = [new Set(told.deleted), new Set(told.added)];
  for (const { path } of renamed) {
    const { old, new: young } = path as { old: string; new: string };
    expect([path, before[old.slice(2)]]).toEqual([path, after[young.slice(2)] ?? 'nothing']);
    gone.delete(old.slice(2));
    come.delete(young.slice(2));
  }
  const left = new Set([...gone].flatMap((path) => before[path] ?? []));
  expect([...come].filter((path) => left.has(after[path] ?? ''))).toEqual([]);
}

test.each([
  ['reflink', 0, RUNS],
  ['hardlink', 0, RUNS],
  ['symlink', 0, RUNS],
  ['copy', 0, RUNS],
  ['hardlink', 2_500, 2],
  ['symlink', 2_500, 2],
  ['copy', 2_500, 2],
] as const)(
  `what was added and committed comes back byte by byte, and diff tells what differs: %s, beside %d files, %d times, seed ${FAULT_SEED}`,
  async (type, more, numRuns) => {
    mountFor(type);
    const many: Content = Object.fromEntries(
      Array.from({ length: more }, (_, at) => [`n${String(at)}`, `f${String(at)}\n`]),
    );
    await fc.assert(
      fc.asyncProperty(folders, changes, async (first, edits) => {
        const root = newProject(base);
        const data = join(root, 'd');
        fill(data, { ...many, ...first });
        const before = look(data);
        const old = await addAll(root, type);
        expect(look(data)).toEqual(before);

        change(data, edits);
        const after = look(data);
        await expectDiff(root, [old], [before, after]);
        const young = await commitAll(root, type);
        expect(look(data)).toEqual(after);
        await expectDiff(root, [old, young], [before, after]);
        await expectDiff(root, [young], [after, after]);

        for (const [pointer, content] of [
          [old, before],
          [young, after],
          [old, before],
        ] as const) {
          writeFileSync(join(root, 'd.pipe'), pointer);
          await checkoutAll(root, type);
          expect(look(data)).toEqual(content);
          await expectDiff(root, [pointer], [content, content]);
          // The stores of the next steps build on what is remembered now.
          expect(await addAll(root, type)).toBe(pointer);
        }
        rmSync(root, { recursive: true });
      }),
      { seed: FAULT_SEED, numRuns },
    );
  },
);

/** Writes to a file as an editor would that keeps it: through a link to its object, whose mode is no obstacle. */
function editInPlace(root: string, path: string, text: string): void {
  const file = join(root, path);
  const stat = lstatSync(file, { throwIfNoEntry: false });
  const isLink = stat?.isSymbolicLink() === true;
  if (stat?.isFile() !== true && !(isLink && readlinkSync(file).includes('/loose/'))) return;
  chmodSync(file, statSync(file).mode | 0o200);
  writeFileSync(file, `${text} edited`.repeat(10_000));
}

/** The project at another place, as `mv` leaves it. */
function moved(root: string): string {
  renameSync(root, `${root}m`);
  return `${root}m`;
}

test.each(['reflink', 'hardlink', 'symlink', 'copy'] as const)(
  `what is edited in place stays, and what is moved comes back, whatever else is stored: %s, seed ${FAULT_SEED}`,
  async (type) => {
    mountFor(type);
    const texts = fc.string({ maxLength: 5 });
    const edits = fc.array(fc.tuple(fc.nat(), texts), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(largeFolders, edits, fc.boolean(), async (first, changed, isStoredFirst) => {
        let root = newProject(base);
        fill(join(root, 'd'), first);
        const before = look(join(root, 'd'));
        const old = await addAll(root, type);
        root = moved(root);
        await checkoutAll(root, type);
        expect(look(join(root, 'd'))).toEqual(before);

        const there = Object.keys(first);
        for (const [at, text] of changed) editInPlace(join(root, 'd'), there[at % there.length] ?? '', text);
        const after = look(join(root, 'd'));
        // The old bytes come into the store once more, before the new ones or after them.
        fill(join(root, 'e'), first);
        const copies = look(join(root, 'e'));
        for (const path of isStoredFirst ? ['e', 'd'] : ['d', 'e']) {
          await addAt(root, [path], type);
          expect([look(join(root, 'd')), look(join(root, 'e'))]).toEqual([after, copies]);
        }
        const young = readFileSync(join(root, 'd.pipe'), 'utf8');
        root = moved(root);
        expect(await addAll(root, type)).toBe(young);
        expect(look(join(root, 'd'))).toEqual(after);
        for (const [pointer, content] of [
          [old, before],
          [young, after],
        ] as const) {
          writeFileSync(join(root, 'd.pipe'), pointer);
          await checkoutAll(root, type);
          expect(look(join(root, 'd'))).toEqual(content);
          root = moved(root);
        }
        rmSync(root, { recursive: true });
      }),
      { seed: FAULT_SEED, numRuns: 16 },
    );
  },
);
