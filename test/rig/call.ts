import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Waiters } from './waiters.ts';

/** What a fake command says about itself when it starts. */
export interface Started {
  readonly pid: number;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

type FromChild =
  | ({ readonly type: 'started' } & Started)
  | { readonly type: 'done' }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals };

/** One run of a fake command, which does nothing but what the test tells it. */
export class Call {
  /** Signals that reached it after `hold`. */
  readonly signals: NodeJS.Signals[] = [];
  running = true;
  #started: Started | undefined;
  #sent = 0;
  #done = 0;
  readonly #socket: Socket;
  readonly #waiters = new Waiters();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // it was killed: `close` follows
    socket.on('close', () => {
      this.running = false;
      this.#waiters.end('the command has ended');
    });
    createInterface({ input: socket }).on('line', (line) => {
      this.#receive(JSON.parse(line) as FromChild);
      this.#waiters.check();
    });
  }

  /** Where, how and with what environment it was started. */
  get started(): Started {
    if (this.#started === undefined) throw new Error('it has not started yet');
    return this.#started;
  }

  /** Resolves once it has started. */
  async start(): Promise<this> {
    await this.#waiters.wait(() => this.#started !== undefined, 'its first words');
    return this;
  }

  /** Lets it write files, relative to where it runs; resolves when they are there. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    await this.#tell({ type: 'write', files });
  }

  /** Lets it print; resolves when that is written. */
  async print(text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    await this.#tell({ type: 'print', text, stream });
  }

  /** Lets it survive a signal. */
  async hold(signal: NodeJS.Signals): Promise<void> {
    await this.#tell({ type: 'hold', signal });
  }

  /** Resolves once a signal that it holds has reached it. */
  async signalled(signal: NodeJS.Signals): Promise<void> {
    await this.#waiters.wait(() => this.signals.includes(signal), signal);
  }

  /** Lets it end; resolves when its end of the connection is gone. */
  async exit(code = 0): Promise<void> {
    this.#socket.write(`${JSON.stringify({ type: 'exit', code })}\n`);
    await this.ended();
  }

  /** Resolves when it has ended, however that came. */
  async ended(): Promise<void> {
    if (!this.running) return;
    await new Promise<void>((resolve) => this.#socket.once('close', resolve));
  }

  /** Drops the connection, on which it ends. */
  cut(): void {
    this.#socket.destroy();
  }

  async #tell(message: object): Promise<void> {
    const number = ++this.#sent;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    await this.#waiters.wait(() => this.#done >= number, 'an answer');
  }

  #receive(message: FromChild): void {
    if (message.type === 'started') this.#started = message;
    else if (message.type === 'signal') this.signals.push(message.signal);
    else this.#done += 1;
  }
}
