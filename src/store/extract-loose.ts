import type { Stats } from 'node:fs';
import { chmodSync, existsSync, rmSync, statSync } from 'node:fs';
import type { Blake3, Blake3Hasher } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';
import { copyThrough, reflink } from './copy.ts';
import type { StoreLayout } from './layout.ts';
import type { LinkTrust, Links } from './link.ts';
import { linkObject } from './link.ts';
import type { Spares } from './spare.ts';

/** How objects come into the workspace where nothing else is said. */
const COPIES = ['reflink', 'copy'] as const;

/** How an object is written out. */
export interface ExtractOptions {
  /** Permission bits of the file. */
  readonly mode: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the file may be a link to the object; else it is a copy, sharing blocks where the disk can. */
  readonly links?: Links | undefined;
  /** Told of the bytes that were copied, or read to be checked, piece by piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The loose objects of a store, and who is told of what shows when they are written out. */
export interface LooseObjects {
  readonly layout: StoreLayout;
  readonly blake3: Blake3;
  readonly spares: Spares;
  readonly trust: () => LinkTrust;
  /** An object holds wrong bytes. */
  readonly onWrong: (digest: Digest, path: string) => void;
  /** From now on others have the bytes of an object in their hands. */
  readonly onLinked: (digest: Digest) => void;
}

/** An object, and the path (absolute) that it goes to, where nothing lies yet. */
interface Way {
  readonly digest: Digest;
  readonly target: string;
}

/**
 * Writes a loose object to its target, the first way of `links.types` that can be, and checks every byte. `false` when
 * the object is damaged, or gone meanwhile; there is no target then.
 */
export async function extractLoose(objects: LooseObjects, way: Way, options: ExtractOptions): Promise<boolean> {
  try {
    return await extractAnyhow(objects, way, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(sourceOf(objects, way))) return false;
    throw error;
  }
}

async function extractAnyhow(objects: LooseObjects, way: Way, options: ExtractOptions): Promise<boolean> {
  for (const type of options.links?.types ?? COPIES) {
    if (type === 'reflink' && reflink(sourceOf(objects, way), way.target)) {
      return checkTarget(objects, way, options);
    }
    if (type === 'copy') break;
    // An executable file would make the object one for all.
    if (type === 'reflink' || (options.mode & 0o111) !== 0) continue;
    const isDone = await linkOut(objects, { ...way, type }, options);
    if (isDone !== undefined) return isDone;
  }
  if (objects.spares.take(way.digest, way.target, options.mode)) return true;
  return copyOut(objects, way, options);
}

type LinkOptions = Pick<ExtractOptions, 'links' | 'signal' | 'onBytes'>;

/** See `ObjectStore.link`. */
export async function linkLoose(objects: LooseObjects, way: Way, options: LinkOptions): Promise<boolean> {
  for (const type of options.links?.types ?? []) {
    if (type !== 'hardlink' && type !== 'symlink') return false;
    const isDone = await linkOut(objects, { ...way, type }, options);
    if (isDone !== undefined) return isDone;
  }
  return false;
}

/**
 * Links an object that is known to be right, without waiting for anything; the stat values of the file that the link
 * leads to. `undefined` where the first way of `links.types` is no link or cannot be made, or nothing is known of the
 * object: it may be tried in other ways then, since nothing was put at the target.
 */
export function linkKnown(
  objects: LooseObjects,
  { digest, target }: Way,
  { links, mode }: Pick<ExtractOptions, 'links' | 'mode'>,
): Stats | undefined {
  const type = links?.types[0];
  if ((type !== 'hardlink' && type !== 'symlink') || (mode & 0o111) !== 0) return undefined;
  const source = sourceOf(objects, { digest, target });
  const trust = objects.trust();
  if (!trust.knows(source)) return undefined;
  try {
    if (linkObject(type, source, target) !== undefined) return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // One look is enough: what counts is the file that the link leads to.
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat !== undefined && trust.judge(source, digest, stat) === 'right') return stat;
  rmSync(target, { force: true });
  return undefined;
}

function sourceOf({ layout }: LooseObjects, { digest }: Way): string {
  return layout.loose(digest);
}

/** `undefined` when the system cannot, or may not, make such a link; `false` when the object is absent or damaged. */
async function linkOut(
  objects: LooseObjects,
  { type, ...way }: Way & { readonly type: 'hardlink' | 'symlink' },
  { links, ...options }: LinkOptions,
): Promise<boolean | undefined> {
  if (!(await isWhole(objects, way, options))) return false;
  const refused = linkObject(type, sourceOf(objects, way), way.target);
  // Linux lets nobody hardlink the files of others (fs.protected_hardlinks).
  if (refused === 'EPERM' && type === 'hardlink') links?.onRefused?.();
  return refused === undefined ? true : undefined;
}

/** Whether an object that is to be linked holds the right bytes; it is read unless it is known to. */
async function isWhole(objects: LooseObjects, way: Way, options: Omit<LinkOptions, 'links'>): Promise<boolean> {
  const { digest } = way;
  const source = sourceOf(objects, way);
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const trust = objects.trust();
  if (trust.judge(source, digest, stat) === 'right') return true;
  const hasher = objects.blake3.hasher();
  const at = Date.now();
  await eachChunk(source, hashing(hasher, options.onBytes), options.signal);
  if (hasher.digest() !== digest) {
    objects.onWrong(digest, source);
    return false;
  }
  trust.add(source, digest, { stat, at });
  objects.onLinked(digest);
  return true;
}

/** Hashes what passes, and tells how much it is. */
function hashing(hasher: Blake3Hasher, onBytes: ExtractOptions['onBytes']): (chunk: Buffer) => void {
  return (chunk) => {
    hasher.update(chunk);
    onBytes?.(chunk.length);
  };
}

async function copyOut(objects: LooseObjects, way: Way, { mode, signal, onBytes }: ExtractOptions): Promise<boolean> {
  const source = sourceOf(objects, way);
  const hasher = objects.blake3.hasher();
  const see = hashing(hasher, onBytes);
  return keepIf(objects, { ...way, mode }, async () => {
    await copyThrough(source, { target: way.target, see, signal });
    return hasher.digest() === way.digest;
  });
}

async function checkTarget(
  objects: LooseObjects,
  way: Way,
  { mode, signal, onBytes }: ExtractOptions,
): Promise<boolean> {
  const hasher = objects.blake3.hasher();
  return keepIf(objects, { ...way, mode }, async () => {
    await eachChunk(way.target, hashing(hasher, onBytes), signal);
    return hasher.digest() === way.digest;
  });
}

/** Keeps a target that turns out right; removes any other, and says that the object holds wrong bytes. */
async function keepIf(
  objects: LooseObjects,
  { mode, ...way }: Way & { readonly mode: number },
  isRight: () => Promise<boolean>,
): Promise<boolean> {
  const { digest, target } = way;
  const source = sourceOf(objects, way);
  try {
    if (await isRight()) {
      chmodSync(target, mode);
      return true;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') rmSync(target, { force: true });
    throw error;
  }
  rmSync(target, { force: true });
  objects.onWrong(digest, source);
  return false;
}
