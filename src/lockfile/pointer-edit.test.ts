import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { unwrap } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import { entryArbitrary, importArbitrary, pointerArbitrary } from './fixture/pointer.ts';
import { editImport, editPointer, freezePointer, movePointer } from './pointer-edit.ts';
import type { Import } from './pointer-import.ts';
import { pointerText } from './pointer-text.ts';
import type { Pointer } from './pointer.ts';
import { parsePointer } from './pointer.ts';

const A = `b3:${'a'.repeat(64)}` as Digest;
const B = `b3:${'b'.repeat(64)}` as Digest;
const FILE = 'sub/data.pipe';

function edit(text: string, entry: Entry): string {
  return unwrap(editPointer({ file: FILE, text }, entry));
}

function freeze(text: string, frozen: boolean): string {
  return unwrap(freezePointer({ file: FILE, text }, frozen));
}

/** What a pointer says beside what lies there. */
function withoutEntry({ out, ...pointer }: Pointer): object {
  const others = Object.entries(out).filter(([name]) => !['digest', 'size', 'files', 'exec', 'link'].includes(name));
  return { ...pointer, out: Object.fromEntries(others) };
}

const layouts: Record<string, string> = {
  'as pipe writes it': `schema: pipe.pointer/1\nouts:\n  - path: data\n    digest: ${A}\n    size: 1\n    files: 2\n`,
  'comments, another order, odd spaces': `# about the data
schema:   pipe.pointer/1   # do not touch

outs:
# the only one
-   size: 1   # bytes
    # whole folder
    digest:  "${A}" # BLAKE3
    files: 2
    # where
    path:   data
    desc: raw readings

# the end
meta: {owner: me}
`,
  'the entry comes last': `schema: pipe.pointer/1\nouts:\n- path: data\n  digest: ${A}\n  files: 2\n  size: 1`,
  'the first field is one that goes': `schema: pipe.pointer/1\nouts:\n- files: 2 # many\n  size: 1\n  digest: ${A}\n  path: data\n`,
  'Windows line ends': `schema: pipe.pointer/1\r\nouts:\r\n  - path: data\r\n    digest: ${A}\r\n    size: 1\r\n    files: 2\r\n`,
  'a flow map': `schema: pipe.pointer/1\nouts: [{path: data, digest: '${A}', size: 1, files: 2}] # short\n`,
  'a flow map in another order': `{schema: pipe.pointer/1, outs: [{files: 2, size: 1, digest: "${A}", path: data}]}\n`,
  JSON: `{"schema": "pipe.pointer/1", "outs": [{"path": "data", "digest": "${A}", "size": 1, "files": 2}]}\n`,
};

const kinds: readonly Entry[] = [
  { kind: 'file', digest: B, size: 33 },
  { kind: 'exec', digest: B, size: 0 },
  { kind: 'link', digest: A, size: 1 },
  { kind: 'dir', digest: B, size: 1, files: 0 },
];

for (const [name, text] of Object.entries(layouts)) {
  test.each(kinds)(`what lies there is written into a pointer: ${name}, $kind`, (entry) => {
    const { pointer } = unwrap(parsePointer(text, { file: FILE }));
    const after = edit(text, entry);
    const parsed = unwrap(parsePointer(after, { file: FILE }));
    expect(parsed.entry).toEqual(entry);
    expect(withoutEntry(parsed.pointer)).toEqual(withoutEntry(pointer));
    expect(edit(after, entry)).toBe(after);
    const back = edit(after, { kind: 'dir', digest: A, size: 1, files: 2 });
    expect(edit(back, entry).trimEnd()).toBe(after.trimEnd());
  });
}

test('only the lines of what changed are touched', () => {
  expect(edit(layouts['comments, another order, odd spaces'] ?? '', { kind: 'exec', digest: B, size: 7 })).toBe(
    `# about the data
schema:   pipe.pointer/1   # do not touch

outs:
# the only one
-   size: 7   # bytes
    exec: true
    # whole folder
    digest:  ${B} # BLAKE3
    # where
    path:   data
    desc: raw readings

# the end
meta: {owner: me}
`,
  );
});

test('nothing changes where nothing changed', () => {
  for (const text of Object.values(layouts)) {
    expect(edit(text, { kind: 'dir', digest: A, size: 1, files: 2 })).toBe(text);
  }
});

test('a pointer that shares its values through anchors is left to people', () => {
  const text = `schema: pipe.pointer/1\nouts:\n- path: data\n  digest: &d ${A}\n  size: 1\nmeta: *d\n`;
  const result = editPointer({ file: FILE, text }, { kind: 'file', digest: B, size: 1 });
  expect(result.ok ? [] : result.problems).toMatchObject([
    { code: 'PIPE_EDIT', message: expect.stringContaining('sub/data.pipe is written in a way') as string },
  ]);
  expect(edit(text, { kind: 'file', digest: A, size: 5 })).toBe(text.replace('size: 1', 'size: 5'));
});

test('a pointer with problems is not changed', () => {
  const result = editPointer({ file: FILE, text: 'schema: pipe.pointer/2\n' }, { kind: 'file', digest: B, size: 1 });
  expect(result.ok ? '' : result.problems[0]?.code).toBe('PIPE_POINTER_FORMAT');
});

/** A text with a comment behind and before every line, which must survive. */
function commented(text: string): string {
  const lines = text.trimEnd().split('\n');
  return lines
    .map(
      (line, index) =>
        `${' '.repeat(/^[ -]*/.exec(line)?.[0].length ?? 0)}# c${String(index)}\n${line} # d${String(index)}\n`,
    )
    .join('');
}

test('whatever a pointer holds, editing changes its entry and no other line', () => {
  const field = /^[ -]*(?:digest|size|files|exec|link): /;
  fc.assert(
    fc.property(pointerArbitrary, entryArbitrary, fc.boolean(), (pointer, entry, withComments) => {
      const plain = pointerText(pointer);
      const text = withComments ? commented(plain) : plain;
      const before = unwrap(parsePointer(text, { file: FILE }));
      const after = edit(text, entry);
      const parsed = unwrap(parsePointer(after, { file: FILE }));
      expect(parsed.entry).toEqual(entry);
      expect(parsed.path).toBe(before.path);
      const others = (each: string): string[] => each.split('\n').filter((line) => !field.test(line));
      expect(others(after)).toEqual(others(text));
      expect(edit(after, before.entry)).toHaveLength(text.length - lostComments(text, after));
    }),
    { numRuns: 250 },
  );
});

/** The same import after an update. */
function updated(imported: Import, next: Import): Import | undefined {
  if (imported.kind === 'url') return next.kind === 'url' ? { ...next, url: imported.url } : undefined;
  if (next.kind === 'url') return undefined;
  const { kind, path, url, remote } = imported;
  const { revLock, rev } = next;
  return {
    kind,
    path,
    url,
    revLock,
    ...(rev === undefined ? {} : { rev }),
    ...(remote === undefined ? {} : { remote }),
  };
}

test('whatever a pointer was imported from, an update changes what it says of that, and its entry, alone', () => {
  const field = /^[ -]*(?:digest|size|files|exec|link|etag|mtime|rev|rev_lock): /;
  fc.assert(
    fc.property(
      fc.tuple(pointerArbitrary, importArbitrary),
      entryArbitrary,
      fc.boolean(),
      (both, entry, isCommented) => {
        const [pointer, next] = both;
        const wanted = pointer.imported && updated(pointer.imported, next);
        fc.pre(wanted !== undefined);
        const text = isCommented ? commented(pointerText(pointer)) : pointerText(pointer);
        const after = unwrap(editImport({ file: FILE, text }, entry, wanted));
        const parsed = unwrap(parsePointer(after, { file: FILE }));
        expect(parsed.entry).toEqual(entry);
        expect(parsed.pointer.imported).toEqual(wanted);
        const others = (each: string): string[] => each.split('\n').filter((line) => !field.test(line));
        expect(others(after)).toEqual(others(text));
        expect(unwrap(editImport({ file: FILE, text: after }, entry, wanted))).toBe(after);
      },
    ),
    { numRuns: 300 },
  );
});

/** How long the comments are that went with the lines they stood on. */
function lostComments(before: string, after: string): number {
  const comments = (text: string): string[] => text.match(/ # d\d+$/gm) ?? [];
  const kept = comments(after).join('').length;
  return comments(before).join('').length - kept;
}

test.each(Object.entries(layouts))('thawing undoes freezing byte for byte: %s', (_, text) => {
  const frozen = freeze(text, true);
  expect(unwrap(parsePointer(frozen, { file: FILE })).pointer.frozen).toBe(true);
  expect(freeze(frozen, true)).toBe(frozen);
  expect(freeze(frozen, false)).toBe(text);
  expect(freeze(text, false)).toBe(text);
});

test('whatever a pointer holds, freezing changes that alone', () => {
  fc.assert(
    fc.property(pointerArbitrary, fc.boolean(), (pointer, frozen) => {
      const text = pointerText(pointer);
      const after = unwrap(parsePointer(freeze(text, frozen), { file: FILE })).pointer;
      expect({ ...after, frozen }).toEqual({ ...pointer, frozen });
      expect(after.frozen ?? false).toBe(frozen);
    }),
    { numRuns: 200 },
  );
});

test('a pointer that moves keeps its comments and says its new name', () => {
  const text = `# mine\nschema: pipe.pointer/1\nouts:\n- path: raw.csv # big\n  digest: b3:${'0'.repeat(64)}\n  size: 3\n`;
  const moved = (name: string, from = text): string =>
    unwrap(movePointer({ file: 'sub/raw.csv.pipe', text: from }, { file: `x/${name}.pipe`, name }));
  expect(moved('new')).toBe(text.replace('raw.csv', 'new'));
  expect(moved('a: b')).toContain('- path: "a: b" # big');
  const parsed = parsePointer(moved('new', `wdir: ..\n${text}`), { file: 'x/new.pipe' });
  expect(parsed.ok ? parsed.value.path : '').toBe('x/new');
});
