import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LinkType } from '../store/link.ts';
import { addAt, checkoutAt, newProject } from './project.fixture.ts';

/** What a folder holds: by path, `x` or `l` or `f` and the text; one that begins with `#` is long. */
type Content = Record<string, string>;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-round-trip-'));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function write(root: string, path: string, coded: string): void {
  const file = join(root, path);
  // Never through a link: that would be an edit in place, which another test is about.
  rmSync(file, { force: true });
  mkdirSync(dirname(file), { recursive: true });
  if (coded.startsWith('l')) symlinkSync(coded.slice(1), file);
  else writeFileSync(file, coded[1] === '#' ? coded.repeat(40_000) : coded.slice(1));
  if (coded.startsWith('x')) chmodSync(file, 0o755);
}

/** A plain look at a folder; symbolic links into the store are what they lead to. */
function look(root: string, folder = ''): Content {
  const found: Content = {};
  for (const name of readdirSync(join(root, folder))) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const stat = lstatSync(join(root, path));
    if (stat.isDirectory()) Object.assign(found, look(root, path));
    else if (stat.isSymbolicLink() && !readlinkSync(join(root, path)).includes('/loose/')) {
      found[path] = `l${readlinkSync(join(root, path))}`;
    } else {
      const letter = !stat.isSymbolicLink() && (stat.mode & 0o100) !== 0 ? 'x' : 'f';
      const text = readFileSync(join(root, path), 'utf8');
      found[path] = letter + (text.length > 1_000 ? `${String(text.length)} of ${text.slice(0, 10)}` : text);
    }
  }
  return found;
}

async function addAll(root: string, type: LinkType): Promise<string> {
  await addAt(root, ['d'], type);
  return readFileSync(join(root, 'd.pipe'), 'utf8');
}

async function checkoutAll(root: string, type: LinkType): Promise<void> {
  const done = await checkoutAt(root, { type });
  expect(done.flatMap(({ missing }) => missing)).toEqual([]);
}

const names = fc.constantFrom('a', 'b', 'c', 'z', 'ä', 'x y');
const paths = fc
  .tuple(names, fc.option(names), fc.option(names))
  .map((parts) => parts.filter((part) => part !== null).join('.d/'));
const big = fc.nat(5).map((n) => `#${String(n)}`);
const coded = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => `f${text}`),
  big.map((text) => `f${text}`),
  big.map((text) => `x${text}`),
  names.map((name) => `l${name}`),
);
const folders = fc.dictionary(paths, coded, { minKeys: 1, maxKeys: 20, noNullPrototype: true });
const changes = fc.array(fc.tuple(paths, fc.option(coded)), { minLength: 1, maxLength: 10 });

const seed = Number(process.env['PIPE_SEED'] ?? 20_261_121);

test.each([
  ['reflink', 0],
  ['hardlink', 0],
  ['symlink', 0],
  ['copy', 0],
  ['hardlink', 2_500],
  ['symlink', 2_500],
  ['copy', 2_500],
] as const)('what was added comes back byte by byte after any changes: %s, beside %d files', async (type, more) => {
  const many: Content = Object.fromEntries(
    Array.from({ length: more }, (_, at) => [`n${String(at)}`, `f${String(at)}\n`]),
  );
  await fc.assert(
    fc.asyncProperty(folders, changes, async (first, edits) => {
      const root = newProject(base);
      for (const [path, each] of Object.entries({ ...many, ...first })) write(join(root, 'd'), path, each);
      const before = look(join(root, 'd'));
      const old = await addAll(root, type);
      expect(look(join(root, 'd'))).toEqual(before);

      for (const [path, each] of edits) {
        if (each === null) rmSync(join(root, 'd', path), { recursive: true, force: true });
        else write(join(root, 'd'), path, each);
      }
      mkdirSync(join(root, 'd'), { recursive: true });
      const after = look(join(root, 'd'));
      const young = await addAll(root, type);
      expect(look(join(root, 'd'))).toEqual(after);

      for (const [pointer, content] of [
        [old, before],
        [young, after],
        [old, before],
      ] as const) {
        writeFileSync(join(root, 'd.pipe'), pointer);
        await checkoutAll(root, type);
        expect(look(join(root, 'd'))).toEqual(content);
        // The stores of the next steps build on what is remembered now.
        expect(await addAll(root, type)).toBe(pointer);
      }
      rmSync(root, { recursive: true });
    }),
    { seed, numRuns: more > 0 ? 2 : 8 },
  );
});

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
  'what is edited in place stays, and what is moved comes back, whatever else is stored: %s',
  async (type) => {
    const texts = fc.string({ maxLength: 5 });
    const edits = fc.array(fc.tuple(fc.nat(), texts), { minLength: 1, maxLength: 5 });
    const large = fc.dictionary(paths, fc.oneof(big.map((text) => `f${text}`), big.map((text) => `x${text}`), coded), { minKeys: 1, maxKeys: 8, noNullPrototype: true }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(large, edits, fc.boolean(), async (first, changed, isStoredFirst) => {
        let root = newProject(base);
        for (const [path, each] of Object.entries(first)) write(join(root, 'd'), path, each);
        const before = look(join(root, 'd'));
        const old = await addAll(root, type);
        root = moved(root);
        await checkoutAll(root, type);
        expect(look(join(root, 'd'))).toEqual(before);

        const there = Object.keys(first);
        for (const [at, text] of changed) editInPlace(join(root, 'd'), there[at % there.length] ?? '', text);
        const after = look(join(root, 'd'));
        // The old bytes come into the store once more, before the new ones or after them.
        for (const [path, each] of Object.entries(first)) write(join(root, 'e'), path, each);
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
      { seed, numRuns: 8 },
    );
  },
);
