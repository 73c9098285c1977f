import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import type { SpawnOptions } from './process.ts';
import { Waiters } from './waiters.ts';

const CHILD = join(import.meta.dirname, 'terminal.child.py');
const DEFAULT_LIMIT = 120_000;

export interface TerminalOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'limit'> {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A command in a real pseudo-terminal, and what a person would see there. Python's `pty` opens it and xterm's decoder
 * keeps the screen.
 */
export class Terminal {
  /** The exit code, 128 + n after signal n; settles when all it wrote is on the screen. */
  readonly done: Promise<number>;
  /** Every byte it wrote, escape sequences included. */
  raw = '';
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #decoder: xterm.Terminal;
  readonly #waiters = new Waiters();

  constructor(command: string, args: readonly string[], options: TerminalOptions) {
    const { columns, rows, cwd, env, limit } = options;
    this.#decoder = new xterm.Terminal({ cols: columns, rows, scrollback: 100_000, allowProposedApi: true });
    this.#child = spawn('python3', [CHILD, String(columns), String(rows), command, ...args], {
      cwd,
      env: { TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin.on('error', () => undefined); // it has ended: `done` tells
    this.#decoder.onData((answer) => {
      this.type(answer);
    });
    this.done = this.#follow(limit ?? DEFAULT_LIMIT);
    this.done.catch(() => undefined); // whoever waits for it sees the error
  }

  /** The lines that are visible now, without trailing blanks and without empty lines at the end. */
  screen(): string[] {
    const buffer = this.#decoder.buffer.active;
    return this.#lines(buffer.baseY, buffer.baseY + this.#decoder.rows);
  }

  /** All lines, those that have scrolled away included. */
  history(): string[] {
    return this.#lines(0, this.#decoder.buffer.active.length);
  }

  /**
   * Waits until the visible lines match.
   * @throws {Error} with the screen, when it ends without
   */
  async shows(pattern: RegExp): Promise<void> {
    await this.#waiters.wait(() => pattern.test(this.screen().join('\n')), `the screen to show ${String(pattern)}`);
  }

  /** Types; `\x03` is Ctrl-C. */
  type(text: string): void {
    this.#send({ type: text });
  }

  /** Changes its size, as dragging a window's corner does. */
  resize(columns: number, rows: number): void {
    this.#decoder.resize(columns, rows);
    this.#send({ resize: [columns, rows] });
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #lines(from: number, to: number): string[] {
    const buffer = this.#decoder.buffer.active;
    const lines: string[] = [];
    for (let row = from; row < to; row++) lines.push(buffer.getLine(row)?.translateToString(true) ?? '');
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  async #follow(limit: number): Promise<number> {
    const clock = { late: false };
    const timer = setTimeout(() => {
      clock.late = true;
      this.#child.kill('SIGKILL'); // the command gets a hang-up with its terminal
    }, limit);
    try {
      const ended = new Promise<number | null>((resolve, reject) => {
        this.#child.on('error', reject).on('close', resolve);
      });
      for await (const chunk of this.#child.stdout.setEncoding('utf8')) await this.#show(chunk as string);
      const code = await ended;
      if (clock.late || code === null)
        throw new Error(`the terminal was closed after ${limit} ms, showing\n${this.screen().join('\n')}`);
      return code;
    } finally {
      clearTimeout(timer);
      this.#waiters.end(`it has ended, showing\n${this.screen().join('\n')}`);
    }
  }

  async #show(chunk: string): Promise<void> {
    this.raw += chunk;
    await new Promise<void>((resolve) => {
      this.#decoder.write(chunk, resolve);
    });
    this.#waiters.check();
  }
}
