import type { StatIndex } from '../index/stat-index.ts';
import type { Blake3 } from '../kit/blake3.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import type { ObjectLink } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';
import type { OwnedIn } from './list-folder.ts';

/** Receives what a walk finds, so that a store can take it in while it is hashed. */
export interface Sink {
  /** Whether the object whose digest lies at `at` need not be given. */
  has(digest: RawDigest, at?: number): boolean;
  /** The same for a tree, where that is another question. */
  hasTree?(digest: Digest): boolean;
  /** Takes in a small file, a tree, or the target of a link; `true` when `settle` is due. */
  add(digest: RawDigest, bytes: Buffer): boolean;
  settle(): Promise<void>;
  /** Takes in a file of any size, and tells of its bytes piece by piece; returns the digest of those that it read. */
  file(path: string, onBytes?: (bytes: number) => void): Promise<Digest>;
  /** Lets helper threads copy files that are neither small nor large, as the store wants them. */
  readonly copies?: {
    /** What the names of some copies are to begin with, absolute. */
    temporary(): string;
    adopt(digest: RawDigest, file: string): void;
  };
}

/** What a walk that does not follow links makes of those to objects that cannot be read, or must not be believed. */
export interface LinkRules {
  /** The object is not there: what the link counts as. Without a rule, and for `undefined`, nothing lies there. */
  readonly lost?: (path: string, link: ObjectLink) => Entry | undefined;
  /** It leads to another cache, and to other bytes than its name says. Without a rule they count; they are never stored. */
  readonly wrong?: (path: string, link: ObjectLink) => void;
}

/** How a walk goes about it. */
export interface WalkOptions {
  /** Whether symbolic links count as what they point to (deps), or as links (outs). */
  readonly follow: boolean;
  readonly sink?: Sink;
  readonly rules?: LinkRules | undefined;
  /** Makes the walk reject with an AbortError. */
  readonly signal?: AbortSignal;
  /** Told how many files more were looked at, and bytes, every some thousand files, and as large ones are read. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * A symbolic link to an object that is not the one that belongs there: the object was edited through the link, the link
 * leads to another cache (where the object is right, or wrong), or nothing can be read there.
 */
export interface StrayLink {
  readonly path: string;
  readonly link: ObjectLink;
  readonly state: 'edited' | 'elsewhere' | 'wrong' | 'gone';
}

/** Where a walk takes place. */
export interface FingerprintOptions {
  /** Absolute path of the project. */
  readonly root: string;
  readonly index: StatIndex;
  readonly blake3: Blake3;
  /** Whether a path relative to the root is left out of folders (`.pipeignore`). */
  readonly ignored: (path: string, isFolder: boolean) => boolean;
  /** Which entries of a folder somebody else keeps: they are left out where links are not followed. */
  readonly owned?: OwnedIn;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The folder of the store's loose objects, absolute: a symbolic link to one of them counts as the file itself. */
  readonly looseFolder?: string;
  /** Told of links to objects that do not lead where they should; only where links are not followed. */
  readonly onStray?: (stray: StrayLink) => void;
}
