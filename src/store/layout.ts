import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';

/** The line in `<store>/format` (docs/formats.md). */
export const STORE_FORMAT = 'pipe.store/2';

/** Formats that are part of this one: such a store becomes one of {@link STORE_FORMAT} by saying so. */
export const FORMER_FORMATS: readonly string[] = ['pipe.store/1'];

/** Where things lie below a store's folder. The only place that knows. */
export interface StoreLayout {
  readonly root: string;
  /** The folder of everything but the format. */
  readonly base: string;
  /** Whether a group works with the store: its members read and write what any of them made. */
  readonly shared: boolean;
  readonly format: string;
  readonly tmp: string;
  readonly quarantine: string;
  /** The folder of all loose objects. */
  readonly looseFolder: string;
  loose(digest: Digest): string;
  /** The folder of all packs. */
  readonly packs: string;
  /** A sealed pack, named by the digest of its table. */
  pack(name: Digest): string;
  /** Tells of what a pack holds wrong bytes. */
  bad(name: Digest): string;
  /** The folder of the run records of all stages. */
  readonly runsFolder: string;
  /** The folder of all run records under one stage key. */
  runs(key: Digest): string;
  /** The folder where processes say what they rely on. */
  readonly leases: string;
  /** The folder of what is being taken out, until it is sure that nobody relies on it. */
  readonly limbo: string;
  /** The folder of what was taken out and can be brought back. */
  readonly trash: string;
}

/** The layout of a store at `root`, an absolute path; `shared` by a group (`cache.shared`). */
export function storeLayout(root: string, { shared = false } = {}): StoreLayout {
  const base = join(root, 'v1');
  const sharded = (folder: string, digest: Digest): string => {
    const hex = hexOf(digest);
    return join(base, folder, hex.slice(0, 2), hex.slice(2));
  };
  return {
    root,
    base,
    shared,
    format: join(root, 'format'),
    tmp: join(base, 'tmp'),
    quarantine: join(base, 'quarantine'),
    looseFolder: join(base, 'loose'),
    loose: (digest) => looseFile(join(base, 'loose'), digest),
    packs: join(base, 'packs'),
    pack: (name) => join(base, 'packs', `${hexOf(name)}.pack`),
    bad: (name) => join(base, 'packs', `${hexOf(name)}.bad`),
    runsFolder: join(base, 'runs'),
    leases: join(base, 'leases'),
    limbo: join(base, 'limbo'),
    trash: join(base, 'trash'),
    runs: (key) => sharded('runs', key),
  };
}

/** The file of a loose object, in the folder of all of them. */
export function looseFile(folder: string, digest: Digest): string {
  const hex = hexOf(digest);
  return `${folder}/${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** The name of a pack, by that of its file; `undefined` for other files. */
export function packOfFile(file: string): Digest | undefined {
  return file.endsWith('.pack') ? parseDigest(`b3:${file.slice(0, -5)}`) : undefined;
}

/** The name of a pack, by that of the file that tells what it holds wrong bytes of; `undefined` for other files. */
export function packOfBadFile(file: string): Digest | undefined {
  return file.endsWith('.bad') ? parseDigest(`b3:${file.slice(0, -4)}`) : undefined;
}

const MOVABLE =
  /^(?:loose\/[0-9a-f]{2}\/[0-9a-f]{62}|packs\/[0-9a-f]{64}\.(?:pack|bad)|runs\/[0-9a-f]{2}\/[0-9a-f]{62}\/[0-9a-f]{64}\.(?:json|from))$/;

/** Whether a path, relative to {@link StoreLayout.base} and posix, is that of something that the store holds. */
export function isStorePath(path: string): boolean {
  return MOVABLE.test(path);
}

/** The object whose file has this path, relative to {@link StoreLayout.base} and posix; `undefined` for other paths. */
export function digestOfPath(path: string): Digest | undefined {
  return path.startsWith('loose/') ? parseDigest(`b3:${path.slice(6, 8)}${path.slice(9)}`) : undefined;
}

/** The hex digits of a digest, without what names its algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** What a store says of its format; `undefined` when it says nothing. */
export function formatOf({ format }: Pick<StoreLayout, 'format'>): string | undefined {
  try {
    return readFileSync(format, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a newer `pipe` wrote a store. One whose format makes no sense is damaged, not newer. */
export function isNewerStore(layout: Pick<StoreLayout, 'format'>): boolean {
  const format = formatOf(layout);
  return (
    format !== undefined && /^pipe\.store\/\d+$/.test(format) && ![STORE_FORMAT, ...FORMER_FORMATS].includes(format)
  );
}
