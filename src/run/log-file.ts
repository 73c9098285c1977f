import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FLUSH_BYTES = 64 << 10;
const FLUSH_MS = 250;

/** File systems take names of up to 255 bytes. */
const LONGEST_NAME = 200;

/** Where the log of a stage lies: names may hold any character and be of any length, so they are encoded. */
export function logPath(pipeDir: string, address: string): string {
  // A lone half of a character is none that a URI can hold.
  const encoded = encodeURIComponent(Buffer.from(address).toString());
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 16);
  const name = encoded.length > LONGEST_NAME ? `${encoded.slice(0, LONGEST_NAME - 17)}-${hash}` : encoded;
  return join(pipeDir, 'tmp', 'logs', `${name}.log`);
}

/** What a stage wrote: a short text, or the file that holds a longer one. */
export type WholeLog = { readonly text: string } | { readonly file: string };

/** Collects what a stage writes. Nothing is made on disk for a stage that writes nothing. */
export class LogFile {
  readonly #path: string;
  #pending = '';
  #hasText = false;
  #timer: NodeJS.Timeout | undefined;
  #fault: Error | undefined;

  /** Starts afresh: the log of an earlier run is removed. */
  constructor(path: string) {
    this.#path = path;
    rmSync(path, { force: true });
  }

  write(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length > FLUSH_BYTES) this.#flush();
    else
      this.#timer ??= setTimeout(() => {
        this.#flush();
      }, FLUSH_MS);
  }

  /**
   * Puts everything on disk; returns the whole log, `undefined` for a stage that wrote nothing.
   * @throws what went wrong first when the log was written, such as a full disk
   */
  end(): WholeLog | undefined {
    const text = this.#pending;
    const whole = !this.#hasText;
    this.#flush();
    if (this.#fault !== undefined) throw this.#fault;
    if (!this.#hasText) return undefined;
    return whole ? { text } : { file: this.#path };
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending === '') return;
    try {
      if (!this.#hasText) mkdirSync(dirname(this.#path), { recursive: true });
      this.#hasText = true;
      appendFileSync(this.#path, this.#pending);
    } catch (error) {
      // Nobody could catch it here: lines come from a stream, and this may be a timer.
      this.#fault ??= error as Error;
    }
    this.#pending = '';
  }
}
