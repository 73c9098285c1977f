import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import type { Execution, ExecutionResult, Executor } from './executor.ts';
import type { FromHost, ToHost } from './host-message.ts';
import { signalGroup } from './process-group.ts';

/** Runs commands on this machine, through a small process of its own (host.ts). */
export const localExecutor: Executor = {
  prepare() {
    host ??= new Host();
  },
  run(execution) {
    host ??= new Host();
    return host.run(execution);
  },
};

let host: Host | undefined;

/** Built beside the main program, or among the sources with what lets Node.js read TypeScript. */
const PROGRAM = import.meta.filename.endsWith('.ts')
  ? { file: join(import.meta.dirname, 'host.ts'), execArgv: ['--import', 'tsx'] }
  : { file: join(import.meta.dirname, 'executor-host.js'), execArgv: [] };

interface Pending {
  readonly execution: Execution;
  readonly resolve: (result: ExecutionResult) => void;
  readonly reject: (error: Error) => void;
  /** Of the command, once it runs. */
  group?: number;
}

/** The process that runs commands, as seen from here. It does not keep `pipe` running while nothing runs in it. */
class Host {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor() {
    // A session of its own, so that Ctrl-C on the terminal does not reach it; an empty environment, since each command
    // brings its own.
    this.#child = fork(PROGRAM.file, {
      execArgv: PROGRAM.execArgv,
      env: {},
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromHost) => {
      this.#receive(message);
    });
    this.#child.once('error', (error) => {
      this.#fail(error.message);
    });
    this.#child.once('exit', (code, signal) => {
      this.#fail(signal ?? `exit code ${String(code)}`);
    });
    this.#rest();
  }

  run(execution: Execution): Promise<ExecutionResult> {
    const id = (this.#lastId += 1);
    const { command, cwd, env, timeoutMs, signal, forceSignal } = execution;
    const end = (): void => {
      this.#send({ type: 'end', id, reason: String(signal.reason) });
    };
    const kill = (): void => {
      this.#send({ type: 'kill', id });
    };
    this.#child.ref();
    this.#child.channel?.ref();
    const result = new Promise<ExecutionResult>((resolve, reject) => {
      this.#pending.set(id, { execution, resolve, reject });
    });
    const timeout = timeoutMs === undefined ? {} : { timeoutMs };
    this.#send({ type: 'run', id, execution: { command, cwd, env, ...timeout } });
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    forceSignal.addEventListener('abort', kill, { once: true });
    return result.finally(() => {
      signal.removeEventListener('abort', end);
      forceSignal.removeEventListener('abort', kill);
      this.#pending.delete(id);
      this.#rest();
    });
  }

  #send(message: ToHost): void {
    // A host that is gone has failed, or is about to fail, all that is pending.
    if (this.#child.connected) this.#child.send(message);
  }

  #receive(message: FromHost): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    switch (message.type) {
      case 'started':
        pending.group = message.group;
        pending.execution.onStart(message.group);
        break;
      case 'lines':
        void pending.execution.onLines(message.stream, message.lines);
        break;
      case 'ended':
        pending.resolve(message.result);
        break;
      case 'refused':
        pending.reject(new PipeError(message.problems));
        break;
      case 'broken':
        pending.reject(new Error(message.stack));
        break;
    }
  }

  #fail(how: string): void {
    host = undefined;
    for (const { execution, reject, group } of this.#pending.values()) {
      // Nobody else would end it, and its outs are about to be given free.
      if (group !== undefined) signalGroup(group, 'SIGKILL');
      reject(
        new PipeError({
          code: 'PIPE_COMMAND_START',
          message: `the process that runs commands was ended (${how}) while \`${execution.command}\` ran`,
          hint: 'run again; if it happens again, look for what ends processes here (memory limits, for instance)',
        }),
      );
    }
  }

  #rest(): void {
    if (this.#pending.size > 0) return;
    this.#child.unref();
    this.#child.channel?.unref();
  }
}
