import { canonical } from '../kit/canonical.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { sortedBy } from '../kit/order.ts';
import type { Value, ValueMap } from '../kit/value.ts';

/** What the lock holds of one path: `path` is relative to the stage's working folder, or a pattern. */
export interface LockEntry {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** Number of files below a folder; present exactly for folders. */
  readonly files?: number;
  readonly exec?: boolean;
  readonly link?: boolean;
}

/** What the last run of a stage recorded (docs/formats.md, `pipe.lock/1`). */
export interface LockBlock {
  readonly cmd: string | readonly string[];
  /** Relative to the lock's folder. */
  readonly wdir: string;
  readonly deps: readonly LockEntry[];
  /** File → key → value. */
  readonly params: ReadonlyMap<string, ValueMap>;
  /** Name → digest of the value. */
  readonly env: ReadonlyMap<string, Digest>;
  readonly outs: readonly LockEntry[];
}

/** A block as a value, for `canonical` and for the lock's own layout. */
export function blockValue(block: LockBlock): ValueMap {
  const value = new Map<string, Value>([['cmd', block.cmd]]);
  if (block.wdir !== '.') value.set('wdir', block.wdir);
  if (block.deps.length > 0) value.set('deps', entriesValue(block.deps));
  if (block.params.size > 0) value.set('params', block.params);
  if (block.env.size > 0) value.set('env', block.env);
  if (block.outs.length > 0) value.set('outs', entriesValue(block.outs));
  return value;
}

/** The one-line text of a block: what the journal carries, and what two blocks are compared by. */
export function blockText(block: LockBlock): string {
  return canonical(blockValue(block));
}

function entriesValue(entries: readonly LockEntry[]): Value {
  return sortedBy(entries, ({ path }) => path).map((entry) => {
    const value = new Map<string, Value>([
      ['path', entry.path],
      ['digest', entry.digest],
      ['size', BigInt(entry.size)],
    ]);
    if (entry.files !== undefined) value.set('files', BigInt(entry.files));
    if (entry.exec === true) value.set('exec', true);
    if (entry.link === true) value.set('link', true);
    return value;
  });
}

/** Reads a block that anybody may have written; `undefined` when its form is wrong. */
export function parseBlock(value: Value | undefined): LockBlock | undefined {
  if (!isMap(value)) return undefined;
  const cmd = value.get('cmd');
  const wdir = value.get('wdir') ?? '.';
  const deps = parseEntries(value.get('deps'));
  const outs = parseEntries(value.get('outs'));
  const params = parseParams(value.get('params'));
  const env = parseEnv(value.get('env'));
  if (!isCommand(cmd) || typeof wdir !== 'string') return undefined;
  if (deps === undefined || outs === undefined || params === undefined || env === undefined) return undefined;
  return { cmd, wdir, deps, params, env, outs };
}

function isMap(value: Value | undefined): value is ValueMap {
  return value instanceof Map;
}

function isCommand(value: Value | undefined): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function parseEntries(value: Value | undefined): LockEntry[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const entries = (value as readonly Value[]).map(parseEntry);
  if (!entries.every((entry) => entry !== undefined)) return undefined;
  const isUnique = entries.length < 2 || new Set(entries.map(({ path }) => path)).size === entries.length;
  return isUnique ? entries : undefined;
}

/** Reads what a lock or a pointer holds of one path; `undefined` when its form is wrong. */
export function parseEntry(value: Value): LockEntry | undefined {
  if (!isMap(value)) return undefined;
  const path = value.get('path');
  const digest = parseDigest(value.get('digest'));
  const size = parseCount(value.get('size'));
  const files = value.get('files');
  if (typeof path !== 'string' || digest === undefined || size === undefined) return undefined;
  const count = files === undefined ? undefined : parseCount(files);
  if (files !== undefined && (count === undefined || count > MOST_FILES)) return undefined;
  return {
    path,
    digest,
    size,
    ...(count === undefined ? {} : { files: count }),
    ...(value.get('exec') === true ? { exec: true } : {}),
    ...(value.get('link') === true ? { link: true } : {}),
  };
}

/**
 * A folder of more files is refused: few trees of a stranger can stand for more of them than any disk holds, and nobody
 * would live to see the end.
 */
export const MOST_FILES = 100_000_000;

function parseCount(value: Value | undefined): number | undefined {
  return typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : undefined;
}

function parseParams(value: Value | undefined): Map<string, ValueMap> | undefined {
  if (value === undefined) return new Map();
  if (!isMap(value)) return undefined;
  const params = new Map<string, ValueMap>();
  for (const [file, keys] of value) {
    if (!isMap(keys)) return undefined;
    params.set(file, keys);
  }
  return params;
}

function parseEnv(value: Value | undefined): Map<string, Digest> | undefined {
  if (value === undefined) return new Map();
  if (!isMap(value)) return undefined;
  const env = new Map<string, Digest>();
  for (const [name, digest] of value) {
    const parsed = parseDigest(digest);
    if (parsed === undefined) return undefined;
    env.set(name, parsed);
  }
  return env;
}
