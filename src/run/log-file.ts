import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FLUSH_BYTES = 64 << 10;
const FLUSH_MS = 250;

/** Where the log of a stage lies: names may hold any character, so they are encoded. */
export function logPath(pipeDir: string, address: string): string {
  return join(pipeDir, 'tmp', 'logs', `${encodeURIComponent(address)}.log`);
}

/** Collects what a stage writes. Nothing is made on disk for a stage that writes nothing. */
export class LogFile {
  readonly #path: string;
  #pending = '';
  #hasText = false;
  #timer: NodeJS.Timeout | undefined;

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

  /** Puts everything on disk; returns the whole text, `undefined` for a stage that wrote nothing. */
  end(): string | undefined {
    const text = this.#pending;
    const whole = !this.#hasText;
    this.#flush();
    if (!this.#hasText) return undefined;
    return whole ? text : readFileSync(this.#path, 'utf8');
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending === '') return;
    if (!this.#hasText) mkdirSync(dirname(this.#path), { recursive: true });
    this.#hasText = true;
    appendFileSync(this.#path, this.#pending);
    this.#pending = '';
  }
}
