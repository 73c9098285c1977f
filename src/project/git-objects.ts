import { PipeError } from '../problem/problem.ts';
import type { GitCommand, GitStream } from './git-command.ts';
import { streamGit } from './git-command.ts';

/** Larger objects are not handed over: trees, locks and pointers are far smaller. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/** An object as Git keeps it. */
export interface GitObject {
  /** The full id, in hex digits. */
  readonly id: string;
  readonly type: string;
  /** Absent beyond 64 MiB. */
  readonly bytes?: Buffer;
}

/** Takes an object; `undefined` for one that is not there. It may ask for more. */
type Use = (object: GitObject | undefined) => void;

/** Reads objects of a repository by one Git process, in one pass, without holding what was used already. */
export interface GitObjects {
  /** Asks for an object by a name without line ends; answers come in the order of the questions. */
  readonly ask: (name: string, use: Use) => void;
  /**
   * Settles when every question is answered, also those that answers led to.
   * @throws {PipeError} PIPE_GIT when Git failed, PIPE_GIT_MISSING without it; and whatever a `use` threw.
   */
  readonly answered: () => Promise<void>;
  /** Ends the process. Always to be called. */
  readonly close: () => Promise<void>;
}

/** Starts `git cat-file --batch` in a folder. */
export async function openGitObjects(command: GitCommand): Promise<GitObjects> {
  const stream = await streamGit(command, ['cat-file', '--batch']);
  const asked: Use[] = [];
  let next = 0;
  const waiting = new Waiting(stream);
  // A process that ends takes its input with it: `done` says why.
  stream.stdin.on('error', () => undefined);
  const split = batchSplitter((object) => {
    const use = asked[next];
    next += 1;
    use?.(object);
    if (next < asked.length) return;
    asked.length = next = 0;
    waiting.settle();
  });
  stream.stdout.on('data', (chunk: Buffer) => {
    waiting.guard(() => {
      split(chunk);
    });
  });
  return {
    ask(name, use) {
      asked.push(use);
      stream.stdin.write(`${name}\n`);
    },
    answered: () => (asked.length === 0 ? Promise.resolve() : waiting.promise()),
    close: async () => {
      stream.stdin.end();
      stream.stdout.resume();
      await stream.done.catch(() => undefined);
    },
  };
}

/** Whoever waits for answers learns of them, of an answer that could not be used, and of the end of the process. */
class Waiting {
  #settle: (() => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #failure: Error | undefined;
  readonly #stream: GitStream;

  constructor(stream: GitStream) {
    this.#stream = stream;
    stream.done.then(
      () => {
        this.#refuse(new PipeError({ code: 'PIPE_GIT', message: 'git cat-file ended before it had answered' }));
      },
      (error: unknown) => {
        this.#refuse(error);
      },
    );
  }

  promise(): Promise<void> {
    return new Promise((resolve, reject) => {
      [this.#settle, this.#fail] = [resolve, reject];
      if (this.#failure !== undefined) reject(this.#failure);
    });
  }

  settle(): void {
    this.#settle?.();
  }

  /** Runs what may throw, once nothing has failed yet. */
  guard(work: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.#refuse(error);
      this.#stream.stdin.end();
    }
  }

  #refuse(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#fail?.(this.#failure);
  }
}

/** Cuts the output of `git cat-file --batch` into objects: `<id> <type> <size>`, a line end, the bytes, a line end. */
function batchSplitter(onObject: Use): (chunk: Buffer) => void {
  let header = '';
  /** The object whose bytes are being received; `left` counts its line end too. */
  let open: { readonly object: GitObject; at: number; left: number } | undefined;
  const receive = (chunk: Buffer, from: number): number => {
    if (open === undefined) return from;
    const length = Math.min(open.left, chunk.length - from);
    open.object.bytes?.set(chunk.subarray(from, from + Math.min(length, open.left - 1)), open.at);
    open.at += length;
    open.left -= length;
    if (open.left > 0) return chunk.length;
    const { object } = open;
    open = undefined;
    onObject(object);
    return from + length;
  };
  return (chunk) => {
    for (let from = 0; from < chunk.length;) {
      if (open !== undefined) {
        from = receive(chunk, from);
        continue;
      }
      const end = chunk.indexOf(0x0a, from);
      header += chunk.toString('utf8', from, end < 0 ? chunk.length : end);
      if (end < 0) return;
      from = end + 1;
      const [, id = '', type = '', bytes] = /^([0-9a-f]{40,}) ([a-z]+) (\d+)$/.exec(header) ?? [];
      header = '';
      // `<name> missing`, or `ambiguous`
      if (bytes === undefined) onObject(undefined);
      else open = { object: emptyObject(id, type, Number(bytes)), at: 0, left: Number(bytes) + 1 };
    }
  };
}

function emptyObject(id: string, type: string, size: number): GitObject {
  return size > LARGEST_BYTES ? { id, type } : { id, type, bytes: Buffer.allocUnsafe(size) };
}
