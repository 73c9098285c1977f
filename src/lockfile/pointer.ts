import { parseDigest, type Digest } from '../kit/digest.ts';
import type { MapNode, ScalarNode, SeqNode, YamlNode } from '../kit/format/yaml/node.ts';
import { namingResolve } from './resolve-hint.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { readYaml } from '../kit/format/yaml/read.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import type { Value } from '../kit/value.ts';
import { checkShape } from '../pipeline/check.ts';
import { labelsFlag, textFlag } from '../pipeline/outs.ts';
import { Report } from '../pipeline/report.ts';
import type { Place, Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { LockEntry } from './block.ts';
import { MOST_FILES } from './block.ts';
import { entryOf } from './entry.ts';
import type { Import, UrlImport } from './pointer-import.ts';
import { readImport } from './pointer-import.ts';
import { readTrackedPath } from './pointer-path.ts';
import { POINTER } from './pointer-shape.ts';

/** What a pointer file says of itself. */
export const POINTER_SCHEMA = 'pipe.pointer/1';

/** The end of a pointer's name. */
const POINTER_SUFFIX = '.pipe';

/** Far more than anybody writes; a pointer is read whenever the project is. UTF-16 units, and bytes on disk. */
export const MAX_POINTER_LENGTH = 1 << 20;

/** What a pointer holds of the file or folder that it tracks. `path` is relative to the pointer's `wdir`. */
export interface PointerOut extends LockEntry {
  readonly cache?: boolean;
  readonly persist?: boolean;
  readonly push?: boolean;
  readonly remote?: string;
  readonly desc?: string;
  readonly type?: string;
  readonly labels?: readonly string[];
  readonly meta?: Value;
}

/** A pointer as it is written (docs/formats.md, `pipe.pointer/1`); what is absent has its default. */
export interface Pointer {
  /** Relative to the pointer's folder. */
  readonly wdir?: string;
  readonly frozen?: boolean;
  readonly desc?: string;
  /** Where it was imported from (`deps`). */
  readonly imported?: Import;
  readonly out: PointerOut;
  readonly meta?: Value;
}

/** A file or folder outside the pipeline, with the pointer that tracks it. */
export interface TrackedPath {
  /** The pointer, posix, relative to the project root. */
  readonly file: string;
  /** What it tracks, posix, relative to the project root: inside the project, and safe to write to. */
  readonly path: string;
  /** What the pointer says lies there. */
  readonly entry: Entry;
  readonly pointer: Pointer;
  /** Where the path stands in the pointer. */
  readonly at: Place;
}

/** An import from a URL that nobody has downloaded yet: where it comes from is recorded, and not what it is. */
export interface PendingImport {
  readonly file: string;
  readonly path: string;
  readonly imported: UrlImport;
  /** The remote that its data go to, where that is not the default one. */
  readonly remote?: string;
  /** Where the path stands in the pointer. */
  readonly at: Place;
}

/**
 * Which pointer tracks which path, without what it records: until the path is claimed, another process may record
 * something else.
 */
export type PointerPlace = Pick<TrackedPath, 'file' | 'path' | 'at'>;

/** The pointer beside a path. */
export function pointerFileOf(path: string): string {
  return `${path}${POINTER_SUFFIX}`;
}

/** What a pointer lies beside, by its name. */
export function besidePointer(file: string): string {
  return isPointerName(file) ? file.slice(0, -POINTER_SUFFIX.length) : file;
}

/** Whether a name is that of a pointer. */
export function isPointerName(name: string): boolean {
  return name.length > POINTER_SUFFIX.length && name.endsWith(POINTER_SUFFIX);
}

/** Reads a pointer that anybody may have written; reports all problems at once. `file` is relative to the root. */
export function parsePointer(text: string, { file }: { readonly file: string }): Result<TrackedPath> {
  if (text.length > MAX_POINTER_LENGTH) return fail(tooBig(file));
  const report = new Report({ file, text });
  const { root, problems } = readYaml(report.source);
  if (problems.length > 0) return fail(...namingResolve(problems, { file, text }));
  const map = pointerMap(root, report);
  const tracked = map === undefined ? undefined : readPointer(map, file, report);
  if (tracked === undefined || report.problems.length > 0) {
    return fail(...[...report.problems].sort((a, b) => (a.at?.offset ?? 0) - (b.at?.offset ?? 0)));
  }
  return 'entry' in tracked ? ok(tracked) : fail(notDownloaded(tracked));
}

/** The import that a pointer stands for of which nothing was downloaded; `undefined` for any other pointer. */
export function parsePending(text: string, { file }: { readonly file: string }): PendingImport | undefined {
  if (text.length > MAX_POINTER_LENGTH) return undefined;
  const report = new Report({ file, text });
  const { root, problems } = readYaml(report.source);
  const map = problems.length > 0 ? undefined : pointerMap(root, report);
  const tracked = map === undefined ? undefined : readPointer(map, file, report);
  return tracked === undefined || report.problems.length > 0 || 'entry' in tracked ? undefined : tracked;
}

/** Why nothing can be done with an import that was not downloaded yet. */
export function notDownloaded({ file, path, at }: PendingImport): Problem {
  return {
    code: 'PIPE_IMPORT_PENDING',
    message: `${path} was never downloaded: ${file} only says where it comes from`,
    hint: `\`pipe pull ${file}\` brings it`,
    at,
  };
}

function tooBig(file: string): Problem {
  return {
    code: 'PIPE_FILE_TOO_BIG',
    message: `${file} is larger than 1 MiB, which no pointer is`,
    hint: 'if it is data, give it another name, or list it in .pipeignore',
    at: { source: { file }, offset: 0, length: 0 },
  };
}

/** The map of a text that is a pointer of this version. */
function pointerMap(root: YamlNode | undefined, report: Report): MapNode | undefined {
  const schema = lookUp(root, 'schema')?.value;
  if (root?.kind !== 'map' || (schema === undefined && lookUp(root, 'outs') === undefined)) {
    const message = `${report.source.file} is no pointer, though its name ends with ${POINTER_SUFFIX}`;
    const hint = 'give it another name, or list it in .pipeignore';
    report.add('PIPE_POINTER_FORMAT', { start: 0, end: 0 }, { message, hint });
    return undefined;
  }
  if (schema?.kind !== 'scalar' || typeof schema.value !== 'string' || schema.value === POINTER_SCHEMA) return root;
  const isNewer = schema.value.startsWith('pipe.pointer/');
  report.add('PIPE_POINTER_FORMAT', schema, {
    message: `it says schema ${JSON.stringify(schema.value.slice(0, 80))}; this pipe knows ${POINTER_SCHEMA}`,
    hint: isNewer ? 'a newer pipe wrote it: use that one here too' : `write schema: ${POINTER_SCHEMA}`,
  });
  return undefined;
}

function readPointer(root: MapNode, file: string, report: Report): TrackedPath | PendingImport | undefined {
  checkShape(root, POINTER, { dialect: 'pipe', report });
  const node = onlyOut(lookUp(root, 'outs')?.value, report);
  if (node === undefined) return undefined;
  const wdir = scalarOf(root, 'wdir');
  const written = scalarOf(node, 'path');
  const path = written && readTrackedPath({ file, wdir, path: written }, report);
  const imported = readImport(lookUp(root, 'deps')?.value, report);
  if (imported?.kind === 'url' && ENTRY_NAMES.every((name) => lookUp(node, name) === undefined)) {
    if (path === undefined || written === undefined) return undefined;
    const remote = scalarOf(node, 'remote')?.value;
    return { file, path, imported, ...(typeof remote === 'string' ? { remote } : {}), at: report.place(written) };
  }
  const locked = readEntry(node, report);
  if (written === undefined || path === undefined || locked === undefined) return undefined;
  const out = { ...locked, ...outFlags(node) };
  const pointer = { ...fileFields(root), ...(imported === undefined ? {} : { imported }), out };
  return { file, path, entry: entryOf(locked), pointer, at: report.place(written) };
}

function onlyOut(outs: YamlNode | undefined, report: Report): MapNode | undefined {
  if (outs?.kind !== 'seq') return undefined;
  const [first] = outs.items;
  if (outs.items.length !== 1) {
    const message = `a pointer tracks one file or folder, found ${String(outs.items.length)}`;
    report.add('PIPE_FIELD_VALUE', placeOfSecond(outs), { message, hint: 'give each a pointer of its own' });
  }
  return first?.kind === 'map' ? first : undefined;
}

function placeOfSecond(outs: SeqNode): YamlNode {
  return outs.items[1] ?? outs;
}

const ENTRY_NAMES = ['digest', 'size', 'files', 'exec', 'link'] as const;

/** What lies there, as a lock says it. */
function readEntry(node: MapNode, report: Report): LockEntry | undefined {
  const path = scalarOf(node, 'path')?.value;
  for (const name of ['digest', 'size']) {
    if (lookUp(node, name) === undefined) report.add('PIPE_FIELD_MISSING', node.entries[0]?.key ?? node, `an out of a pointer needs ${name}`); // prettier-ignore
  }
  const digest = readDigest(scalarOf(node, 'digest'), report);
  const size = readCount(scalarOf(node, 'size'), report);
  const files = scalarOf(node, 'files');
  const count = files && readCount(files, report);
  if (files !== undefined && (count ?? 0) > MOST_FILES) {
    report.add('PIPE_FIELD_VALUE', files, `a folder holds at most ${String(MOST_FILES)} files`);
  }
  const kinds = (['files', 'exec', 'link'] as const).filter((name) => {
    const value = scalarOf(node, name)?.value;
    return value !== undefined && value !== false;
  });
  if (kinds.length > 1) {
    const second = scalarOf(node, kinds[1] ?? 'link') ?? node;
    report.add('PIPE_FIELD_VALUE', second, `${kinds.join(' and ')} exclude each other: a path is one of the three`);
  }
  if (typeof path !== 'string' || digest === undefined || size === undefined) return undefined;
  return {
    path,
    digest,
    size,
    ...(count === undefined ? {} : { files: count }),
    ...(kinds[0] === 'exec' ? { exec: true } : {}),
    ...(kinds[0] === 'link' ? { link: true } : {}),
  };
}

function readDigest(node: ScalarNode | undefined, report: Report): Digest | undefined {
  if (typeof node?.value !== 'string') return undefined;
  const digest = parseDigest(node.value);
  if (digest?.startsWith('b3:') === true) return digest;
  report.add('PIPE_FIELD_VALUE', node, 'digest must be b3: and 64 hex digits');
  return undefined;
}

function readCount(node: ScalarNode | undefined, report: Report): number | undefined {
  if (typeof node?.value !== 'bigint' || node.value < 0n) return undefined;
  const count = Number(node.value);
  if (Number.isSafeInteger(count)) return count;
  report.add('PIPE_FIELD_VALUE', node, 'a count must be below 2 to the power of 53');
  return undefined;
}

function outFlags(node: MapNode): Partial<PointerOut> {
  const get = (name: string): Value | undefined => valueOf(node, name);
  const flag = <K extends string>(name: K): { readonly [P in K]?: boolean } => {
    const value = get(name);
    return typeof value === 'boolean' ? ({ [name]: value } as { readonly [P in K]?: boolean }) : {};
  };
  return {
    ...flag('cache'),
    ...flag('persist'),
    ...flag('push'),
    ...textFlag('remote', get('remote')),
    ...textFlag('desc', get('desc')),
    ...textFlag('type', get('type')),
    ...labelsFlag(get('labels')),
    ...metaOf(node),
  };
}

function fileFields(root: MapNode): Omit<Pointer, 'out' | 'imported'> {
  const frozen = valueOf(root, 'frozen');
  return {
    ...textFlag('wdir', valueOf(root, 'wdir')),
    ...(typeof frozen === 'boolean' ? { frozen } : {}),
    ...textFlag('desc', valueOf(root, 'desc')),
    ...metaOf(root),
  };
}

function metaOf(node: MapNode): { readonly meta?: Value } {
  const meta = valueOf(node, 'meta');
  return meta === undefined ? {} : { meta };
}

function valueOf(node: MapNode, name: string): Value | undefined {
  const entry = lookUp(node, name);
  return entry && toValue(entry.value);
}

function scalarOf(node: MapNode, name: string): ScalarNode | undefined {
  const value = lookUp(node, name)?.value;
  return value?.kind === 'scalar' ? value : undefined;
}
