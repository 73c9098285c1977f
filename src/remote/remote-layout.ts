import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { hexOf } from '../store/layout.ts';

/** The line in a remote's `format` (docs/formats.md). */
export const REMOTE_FORMAT = 'pipe.remote/1';

/** Objects of more bytes than this are files of their own in a remote. */
export const LARGEST_PACKED = 4 << 20;

/** No list of a folder, or of a part of one, is larger: what is called a list and is, is none. */
export const LARGEST_LIST = 16 << 20;

/** Where things lie in a remote: keys, and what keys begin with. The only place that knows. */
export const KEYS = {
  format: 'format',
  loose: 'v1/loose/',
  packs: 'v1/packs/',
  tables: 'v1/tables/',
  runs: 'v1/runs/',
  leases: 'v1/leases/',
  tombstones: 'v1/tombstones/',
  trash: 'v1/trash/',
  quarantine: 'v1/quarantine/',
} as const;

/** The key of a pack. */
export function packKey(name: Digest): string {
  return `${KEYS.packs}${hexOf(name)}.pack`;
}

/** The key of an object that is a file of its own. */
export function looseKey(digest: Digest): string {
  const hex = hexOf(digest);
  return `${KEYS.loose}${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** The key of a file of tables. */
export function tablesKey(name: Digest): string {
  return `${KEYS.tables}${hexOf(name)}.tables`;
}

/** What the keys of all run records under a stage key begin with. */
export function runsPrefix(key: Digest): string {
  const hex = hexOf(key);
  return `${KEYS.runs}${hex.slice(0, 2)}/${hex.slice(2)}/`;
}

/** The key of a run record, which is named by the digest of its bytes. */
export function runKey(key: Digest, record: Digest): string {
  return `${runsPrefix(key)}${hexOf(record)}.json`;
}

/** The pack that lies at a key; `undefined` for other keys. */
export function packOfKey(key: string): Digest | undefined {
  return nameIn(key, /^v1\/packs\/([0-9a-f]{64})\.pack$/);
}

/** The file of tables that lies at a key; `undefined` for other keys. */
export function tablesOfKey(key: string): Digest | undefined {
  return nameIn(key, /^v1\/tables\/([0-9a-f]{64})\.tables$/);
}

/** The loose object that lies at a key; `undefined` for other keys. */
export function looseOfKey(key: string): Digest | undefined {
  return nameIn(key, /^v1\/loose\/([0-9a-f]{2})\/([0-9a-f]{62})$/);
}

/** The run record that lies at a key; `undefined` for other keys. */
export function runOfKey(key: string): { readonly key: Digest; readonly record: Digest } | undefined {
  const [, shard = '', rest = '', hex] =
    /^v1\/runs\/([0-9a-f]{2})\/([0-9a-f]{62})\/([0-9a-f]{64})\.json$/.exec(key) ?? [];
  const [stage, record] = [parseDigest(`b3:${shard}${rest}`), parseDigest(`b3:${hex ?? ''}`)];
  return stage === undefined || record === undefined ? undefined : { key: stage, record };
}

function nameIn(key: string, shape: RegExp): Digest | undefined {
  const match = shape.exec(key);
  return match === null ? undefined : parseDigest(`b3:${match.slice(1).join('')}`);
}
