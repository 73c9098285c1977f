/** Something that lies in a place. */
export interface PlaceEntry {
  /** Posix path below the place's root: `v1/packs/….pack`. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /**
   * When it was last written, in milliseconds since 1970, by the clock of the place: comparable with
   * {@link Place.now}. Some places tell whole seconds, rounded down.
   */
  readonly modifiedAt: number;
  /** What a bucket says of its bytes, with the quotes; a folder says nothing. */
  readonly etag?: string;
}

/**
 * Some bytes of an object: from `offset` on, or the last ones. Fewer come back where the object ends before. They lie in
 * `into` where it has room for them: memory that is used again costs less than to be given new one.
 */
export type ByteRange =
  { readonly offset: number; readonly length: number; readonly into?: Buffer | undefined } | { readonly last: number };

/**
 * What a large object is uploaded from, piece by piece. Pieces are read in order; when an upload has to begin anew, in
 * order from the first one again. A piece is not changed after it was given.
 */
export interface LargeSource {
  /** Bytes, known before. */
  readonly size: number;
  /**
   * The bytes from `offset` on, exactly `length` of them, which may be put into `into`, if there is room. Asked for one
   * piece behind the other; from 0 again where something went wrong. Rejects to give the upload up: nothing is written then.
   */
  readonly read: (offset: number, length: number, into?: Buffer) => Promise<Uint8Array>;
  /** Called each time that all was read, before the object appears. Rejects to give the upload up (its bytes were not the right ones). */
  readonly check: () => Promise<void>;
}

/** What is left of a write that was interrupted, or goes on still. */
export interface UnfinishedWrite {
  /** What it is called; for people. */
  readonly name: string;
  /** Tells it from others of the same name. */
  readonly id: string;
  /** When it was begun, or last worked on where that is known; in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Where a remote keeps its bytes: a bucket, or a folder. It knows keys and bytes, and nothing of what they mean. Every
 * implementation passes the same tests (`fixture/contract.ts`).
 *
 * An object appears whole or not at all, and who reads after a write has ended sees it. Faults of the moment (broken
 * connections, 5xx, SlowDown) are tried again inside, with growing pauses; what remains is thrown as a PipeError that
 * holds no secret. Calls may be made at once; how many go out at a time is the place's own limit. All calls reject with
 * an AbortError when the signal that the place was opened with is aborted.
 */
export interface Place {
  /** For messages: `s3://bucket/prefix` or the folder. Never holds a secret. */
  readonly name: string;
  /** The same with the server that it is on, for what is remembered of it; for nobody to read. */
  readonly identity: string;
  /** How many calls are worth making at once. */
  readonly concurrency: number;
  /**
   * Everything whose key begins with `prefix`, by pages, keys in order of their UTF-8 bytes. An empty list when there is
   * nothing. What is still being written is never listed.
   */
  list(prefix: string): AsyncIterable<readonly PlaceEntry[]>;
  /** One of them; `undefined` when it is not there. */
  stat(key: string): Promise<PlaceEntry | undefined>;
  /** Its bytes, 1 GiB at most, or some of them, as they are: the caller checks them. `undefined` when it is not there. */
  read(key: string, range?: ByteRange): Promise<Buffer | undefined>;
  /**
   * Writes an object of some MiB at most, given in pieces. With `ifAbsent`, only when there is none: of several writers
   * at once exactly one is told `true`. Else replaces what is there. Tells whether it wrote.
   */
  write(key: string, pieces: readonly Uint8Array[], options?: { readonly ifAbsent?: boolean }): Promise<boolean>;
  /**
   * Writes an object of any size with little memory, in parts that go out several at once. Where an earlier try of the
   * same object was interrupted, parts that arrived whole need not go again.
   */
  writeLarge(key: string, source: LargeSource): Promise<void>;
  /** Removes objects; those that are not there count as removed. */
  remove(keys: readonly string[]): Promise<void>;
  /** Copies an object inside the place, of any size; `false` when it is not there. */
  copy(from: string, to: string): Promise<boolean>;
  /** What writes have left that were interrupted, and those that go on on other machines. */
  unfinished(): Promise<readonly UnfinishedWrite[]>;
  /** Gives unfinished writes up and frees their space. Whoever still works on one begins anew, or fails. */
  abandon(unfinished: readonly UnfinishedWrite[]): Promise<void>;
  /** The time by the clock of the place, in milliseconds since 1970; up to a second behind it. */
  now(): Promise<number>;
  /** Whether it is not there at all, where that can be told: a folder that nobody has made yet, or that is misspelt. */
  readonly isAbsent?: () => Promise<boolean>;
  /** Ends connections. The place is not used afterwards. */
  close(): void;
}
