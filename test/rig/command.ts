import { once } from 'node:events';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Call } from './call.ts';
import { Waiters } from './waiters.ts';

const CHILD = join(import.meta.dirname, 'command.child.mjs');

/**
 * A fake command to put into a pipeline. The test sees each run of it start, and decides what it does and when it ends,
 * so that an order of events is made rather than waited for.
 */
export class FakeCommand {
  /** What to write as `cmd`; words may follow, and are then the call's `args`. */
  readonly line: string;
  /** Every run so far. */
  readonly calls: Call[] = [];
  #taken = 0;
  readonly #server: Server;
  readonly #waiters = new Waiters();

  private constructor(server: Server, socketPath: string) {
    this.#server = server;
    this.line = `'${process.execPath}' '${CHILD}' '${socketPath}'`;
    server.on('connection', (socket) => {
      this.calls.push(new Call(socket));
      this.#waiters.check();
    });
  }

  /**
   * Starts to listen for runs of a new fake command.
   * @param socketPath at most 100 bytes: systems limit the paths of sockets
   */
  static async listen(socketPath: string): Promise<FakeCommand> {
    if (Buffer.byteLength(socketPath) > 100) throw new Error(`too long for a socket: ${socketPath}`);
    const server = createServer();
    const command = new FakeCommand(server, socketPath);
    server.listen(socketPath);
    await once(server, 'listening');
    return command;
  }

  /** The next run that this has not returned yet; waits for it to start. */
  async next(): Promise<Call> {
    const number = this.#taken++;
    await this.#waiters.wait(() => this.calls.length > number, 'a run of the command');
    const call = this.calls[number];
    if (call === undefined) throw new Error('unreachable: the run was counted');
    return call.start();
  }

  /** Ends all runs. */
  async close(): Promise<void> {
    this.#waiters.end('the test is over');
    this.#server.close();
    for (const call of this.calls) call.cut();
    await once(this.#server, 'close');
  }
}
