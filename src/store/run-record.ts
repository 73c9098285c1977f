import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { parseJson } from '../kit/parse-json.ts';
import type { LockEntry } from '../lockfile/block.ts';
import { MOST_FILES } from '../lockfile/block.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf } from './layout.ts';
import type { RecordSigner } from './record-signature.ts';
import { readFileIfThere } from './store-file.ts';
import { writeShared } from './write-shared.ts';

/** What one successful run of a stage made: the run cache (docs/formats.md, `pipe.run/1`). */
export interface RunRecord {
  readonly key: Digest;
  /** Name of the stage that ran; other stages with the same key use the record too. */
  readonly stage: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outs: readonly LockEntry[];
  /** The log object; null when the command printed nothing. */
  readonly log: Digest | null;
}

/** What a stage is restored from. */
export interface Restorable extends Pick<RunRecord, 'outs' | 'startedAt' | 'durationMs' | 'log'> {
  /** The remote that the record came from; absent for one of this machine. */
  readonly from?: string | undefined;
}

const SCHEMA = 'pipe.run/1';
const UNMEASURED = 'Node.js does not tell the resource usage of a child process';

/** The store that a record goes to, and how it is told to keep the file. */
interface RecordTarget {
  readonly layout: StoreLayout;
  readonly keep?: (path: string) => void;
}

/** Files a record under its key, signed where there is a key. */
export function writeRunRecord(
  store: RecordTarget,
  blake3: Blake3,
  { signer, ...record }: RunRecord & { readonly signer?: RecordSigner | undefined },
): void {
  const fields = {
    schema: SCHEMA,
    key: record.key,
    stage: record.stage,
    startedAt: record.startedAt,
    durationMs: record.durationMs,
    exitCode: 0,
    outs: record.outs,
    log: record.log,
    cpuMs: null,
    peakMemoryBytes: null,
    unmeasured: UNMEASURED,
    ...(signer === undefined ? {} : { signer: signer.signer }),
  };
  const text = JSON.stringify(signer === undefined ? fields : { ...fields, signature: signer.sign(fields) });
  fileRunRecord(store, { key: record.key, name: blake3.hash(text), bytes: text });
}

/** Files the bytes of a record, which `name` is the digest of, under its key. */
export function fileRunRecord(
  { layout, keep }: RecordTarget,
  { key, name, bytes }: { readonly key: Digest; readonly name: Digest; readonly bytes: string | Uint8Array },
): void {
  const folder = layout.runs(key);
  const path = join(folder, `${hexOf(name)}.json`);
  makeFolder(folder, layout);
  keep?.(path);
  writeShared(layout, path, bytes);
}

/** Notes that a record came from a remote: to be called before the record itself is filed. */
export function fileOrigin(
  { layout, keep }: RecordTarget,
  { key, name, remote }: { readonly key: Digest; readonly name: Digest; readonly remote: string },
): void {
  const path = originPath(layout, { key, name });
  makeFolder(layout.runs(key), layout);
  keep?.(path);
  writeShared(layout, path, `${JSON.stringify({ remote })}\n`);
}

/** The remote that a record came from, as the configuration called it; `undefined` for one of this machine. */
export function originOf(layout: StoreLayout, record: Pick<StoredRun, 'key' | 'name'>): string | undefined {
  const bytes = readFileIfThere(originPath(layout, record));
  if (bytes === undefined) return undefined;
  const { remote } = (parseJson(bytes.toString('utf8')) ?? {}) as { readonly remote?: unknown };
  // What was cut off still says that it came from elsewhere.
  return typeof remote === 'string' ? remote : 'a remote';
}

function originPath(layout: StoreLayout, { key, name }: Pick<StoredRun, 'key' | 'name'>): string {
  return join(layout.runs(key), `${hexOf(name)}.from`);
}

/** A run record with its text, and the digest of that. */
export interface StoredRun extends RunRecord {
  readonly name: Digest;
  readonly text: string;
}

/** Every intact record under a key, the newest first. */
export function readRunRecords(layout: StoreLayout, blake3: Blake3, key: Digest): StoredRun[] {
  const folder = layout.runs(key);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .flatMap((name) => {
      const digest = name.endsWith('.json') ? parseDigest(`b3:${name.slice(0, -5)}`) : undefined;
      const record = digest === undefined ? undefined : readRecord(join(folder, name), name.slice(0, -5), blake3);
      return digest !== undefined && record?.key === key ? [{ ...record, name: digest }] : [];
    })
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

function readRecord(path: string, hex: string, blake3: Blake3): Omit<StoredRun, 'name'> | undefined {
  const bytes = readFileIfThere(path);
  if (bytes === undefined || hexOf(blake3.hash(bytes)) !== hex) return undefined;
  const text = bytes.toString('utf8');
  const record = parseRunRecord(text);
  return record && { ...record, text };
}

/** Reads a record that anybody may have written; `undefined` when its form is wrong. */
export function parseRunRecord(text: string): RunRecord | undefined {
  const value = parseJson(text) as Partial<Record<string, unknown>> | null | undefined;
  const { schema, key, stage, startedAt, durationMs, outs, log } = value ?? {};
  const digest = parseDigest(key);
  const entries = Array.isArray(outs) ? (outs as unknown[]).map(parseOut) : [undefined];
  const logDigest = log === null ? null : parseDigest(log);
  if (schema !== SCHEMA || digest === undefined || logDigest === undefined) return undefined;
  if (typeof stage !== 'string' || !isTime(startedAt) || !isCount(durationMs)) return undefined;
  if (!entries.every((entry) => entry !== undefined)) return undefined;
  if (new Set(entries.map((entry) => entry.path)).size < entries.length) return undefined;
  return { key: digest, stage, startedAt, durationMs, outs: entries, log: logDigest };
}

function parseOut(value: unknown): LockEntry | undefined {
  const { path, digest, size, files, exec, link } = (value ?? {}) as Partial<Record<keyof LockEntry, unknown>>;
  const parsed = parseDigest(digest);
  if (typeof path !== 'string' || parsed === undefined || !isCount(size)) return undefined;
  if (files !== undefined && (!isCount(files) || files > MOST_FILES)) return undefined;
  return {
    path,
    digest: parsed,
    size,
    ...(files === undefined ? {} : { files }),
    ...(exec === true ? { exec } : {}),
    ...(link === true ? { link } : {}),
  };
}

/** The form that `Date.toISOString` gives: texts in it sort by time. */
function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
