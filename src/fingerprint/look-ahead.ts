import { lstatSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { FolderMemory } from '../index/folder-memory.ts';
import type { Section } from '../index/section.ts';
import type { HelperThreads } from '../kit/helper-threads.ts';
import type { FileStat } from './read-files.ts';

/** Fewer files than this are looked at sooner than a thread has started. */
export const FEWEST_TO_LOOK_AT = 15_000;

/** Numbers per file: mtime, ctime, inode, size, mode. A mode of 0 says that nothing is known. */
const COLUMNS = 5;

const FORMAT = 0o170000;
const REGULAR = 0o100000;

/** No section has this number: helper threads stop. */
const OVER = 0x7fffffff;

/** What a helper thread is to look at. */
export interface LookAheadInput {
  readonly sections: readonly { readonly folder: string; readonly names: string }[];
  /** Its first section, going backwards by `step`. */
  readonly from: number;
  readonly step: number;
  /** Holds the number of the section that the main thread is at. */
  readonly position: Int32Array;
  readonly port: MessagePort;
}

interface Looked {
  readonly at: number;
  readonly stats: Float64Array;
}

/**
 * Has helper threads look at the files that are remembered of a folder and those below, from the last ones on, while the
 * main thread begins with the first. What the main thread comes to first, it looks at itself.
 */
export class LookAhead {
  readonly #numbers: ReadonlyMap<Section, number>;
  readonly #results = new Map<number, Float64Array>();
  readonly #ports: readonly MessagePort[];
  readonly #position: Int32Array;
  #section: Section | undefined;
  #stats: Float64Array | undefined;

  private constructor(sections: readonly Section[], root: string, threads: HelperThreads) {
    this.#numbers = new Map(sections.map((section, at) => [section, at]));
    this.#position = new Int32Array(new SharedArrayBuffer(4));
    const told = sections.map(({ folder, text }) => {
      return { folder: folder.startsWith('/') ? folder : `${root}/${folder}`, names: text };
    });
    this.#ports = Array.from({ length: threads.count }, (_, thread) => {
      const { port1, port2 } = new MessageChannel();
      port1.unref();
      const from = sections.length - 1 - thread;
      const input: LookAheadInput = {
        sections: told,
        from,
        step: threads.count,
        position: this.#position,
        port: port2,
      };
      // What fails there is looked at here.
      threads.run(thread, 'look-ahead', input, [port2]).catch(() => undefined);
      return port1;
    });
  }

  /** `sections` are what is remembered, in the order of the walk; `undefined` where it does not pay. */
  static of(
    sections: readonly Section[],
    root: string,
    threads: () => HelperThreads | undefined,
  ): LookAhead | undefined {
    if (sections.reduce((sum, { digests }) => sum + digests.length / 32, 0) < FEWEST_TO_LOOK_AT) return undefined;
    const started = threads();
    return started && new LookAhead(sections, root, started);
  }

  /** The stat values of the file that the memory stands at; `undefined` when it is no plain file, or not looked at. */
  statAt({ section, row }: FolderMemory): FileStat | undefined {
    if (section !== this.#section) this.#turnTo(section);
    const stats = this.#stats;
    if (stats === undefined) return undefined;
    const at = row * COLUMNS;
    const [mtimeMs, ctimeMs, ino, size, mode] = [stats[at], stats[at + 1], stats[at + 2], stats[at + 3], stats[at + 4]] as [number, number, number, number, number]; // prettier-ignore
    return (mode & FORMAT) === REGULAR ? { mtimeMs, ctimeMs, ino, size, mode } : undefined;
  }

  /** Stops the helper threads. */
  end(): void {
    Atomics.store(this.#position, 0, OVER);
    for (const port of this.#ports) port.close();
  }

  #turnTo(section: Section | undefined): void {
    this.#section = section;
    const number = section && this.#numbers.get(section);
    if (number === undefined) {
      this.#stats = undefined;
      return;
    }
    Atomics.store(this.#position, 0, number);
    for (const port of this.#ports) {
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
        const { at, stats } = got.message as Looked;
        this.#results.set(at, stats);
      }
    }
    this.#stats = this.#results.get(number);
    this.#results.delete(number);
  }
}

/** Does the job of a helper thread. */
export function lookAhead({ sections, from, step, position, port }: LookAheadInput): object {
  for (let at = from; at > Atomics.load(position, 0); at -= step) {
    const { folder, names } = sections[at] as LookAheadInput['sections'][number];
    const list = names.split('\0');
    const stats = new Float64Array(list.length * COLUMNS);
    for (const [row, name] of list.entries()) look(`${folder}/${name}`, stats, row * COLUMNS);
    port.postMessage({ at, stats } satisfies Looked, [stats.buffer]);
  }
  port.close();
  return {};
}

function look(path: string, stats: Float64Array, at: number): void {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    stats[at] = stat.mtimeMs;
    stats[at + 1] = stat.ctimeMs;
    stats[at + 2] = stat.ino;
    stats[at + 3] = stat.size;
    stats[at + 4] = stat.mode;
  } catch {
    // The main thread meets the same, and says it.
  }
}
