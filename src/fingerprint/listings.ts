import type { StatIndex } from '../index/stat-index.ts';
import { areThreadsRunning } from '../kit/helper-threads.ts';
import { Ahead } from './ahead.ts';
import type { ListOptions, Listing } from './list-folder.ts';
import { listFolder } from './list-folder.ts';
import type { Sink } from './walk-options.ts';

/** A folder of a walk: relative to the project, or absolute, and absolute in any case. */
interface Folder {
  readonly path: string;
  readonly absolute: string;
}

/** What lies in a folder, and who reads its files while others are looked at. */
export interface Listed extends Listing {
  /** Of each folder in it, the one that comes next, `undefined` for the last. */
  readonly followers: ReadonlyMap<string, string | undefined>;
  readonly ahead: Ahead | undefined;
}

type Options = ListOptions & {
  readonly index: StatIndex;
  readonly now: () => number;
  readonly sink?: Sink | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Lists the folders of a walk: each when the walk comes to it, or while the one before it is walked, where helper
 * threads would wait for work else.
 */
export class Listings {
  readonly #options: Options;
  readonly #areThreadsRunning: () => boolean;
  readonly #prepared = new Map<string, Listed>();
  /** Those of which something is not taken yet. */
  #aheads: readonly Ahead[] = [];
  /** Tells helper threads that nobody waits for what they read. */
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  /** Files that nothing is remembered of, so far. */
  #unknown = 0;

  constructor(options: Options, areRunning = areThreadsRunning) {
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#areThreadsRunning = areRunning;
  }

  readonly #onAbort = (): void => {
    Atomics.store(this.#stop, 0, 1);
  };

  /** To be called in any case: what helper threads still read is nobody's any more. */
  end(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort();
    for (const ahead of this.#aheads) ahead.end();
  }

  /**
   * What lies in a folder that the walk has come to.
   * @throws {PipeError} for a name that is not UTF-8
   */
  take(folder: Folder): Listed {
    const prepared = this.#prepared.get(folder.path);
    this.#prepared.delete(folder.path);
    return prepared ?? this.#list(folder);
  }

  /**
   * Has the files of the folder `name` read, which the walk is about to enter, and, as long as the main thread is busy
   * with those, the files of the one behind it.
   */
  prepare(parent: Folder, name: string, { followers }: Pick<Listed, 'followers'>): void {
    if (this.#unknown === 0 || !this.#areThreadsRunning()) return;
    const here = this.#listEarly(parent, name);
    const next = followers.get(name);
    // A folder that holds folders keeps the threads busy with those.
    if (next !== undefined && here?.followers.size === 0) this.#listEarly(parent, next);
  }

  #listEarly(parent: Folder, name: string): Listed | undefined {
    const path = parent.path === '.' ? name : `${parent.path}/${name}`;
    const prepared = this.#prepared.get(path);
    if (prepared !== undefined) return prepared;
    try {
      const listed = this.#list({ path, absolute: `${parent.absolute}/${name}` });
      this.#prepared.set(path, listed);
      return listed;
    } catch {
      return undefined; // the walk meets the same trouble when it comes there, and says it
    }
  }

  #list(folder: Folder): Listed {
    const listing = listFolder(folder, this.#options);
    return { ...listing, followers: followersIn(listing), ahead: this.#ahead(folder, listing) };
  }

  /** Lets other threads read files that nothing is remembered of, where there are many. */
  #ahead({ path, absolute }: Folder, { names, special, linked }: Listing): Ahead | undefined {
    const { index, follow, sink, now } = this.#options;
    const memory = index.folder(path);
    const unknown = names.filter((name) => !special.has(name) && !linked.has(name) && !memory.seek(name));
    const before = this.#unknown;
    this.#unknown += unknown.length;
    const ahead = Ahead.of(unknown, before, {
      folder: absolute,
      follow,
      keepBytes: sink !== undefined,
      copies: sink?.copies,
      stop: this.#stop,
      now,
    });
    this.#aheads = [...this.#aheads.filter(({ isTaken }) => !isTaken), ...(ahead === undefined ? [] : [ahead])];
    return ahead;
  }
}

function followersIn({ names, special }: Listing): Map<string, string | undefined> {
  if (special.size === 0) return new Map();
  const folders = names.filter((name) => special.get(name)?.isDirectory() === true);
  return new Map(folders.map((name, at) => [name, folders[at + 1]]));
}
