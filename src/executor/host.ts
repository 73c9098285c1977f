/**
 * The process that runs commands for `pipe`. Starting a process copies the page tables of the one that starts it, which
 * takes longer the more memory that one has: this one has little and keeps it so.
 */
import { PipeError } from '../problem/problem.ts';
import { runCommand } from './command.ts';
import type { FromHost, PlainExecution, ToHost } from './host-message.ts';

interface Running {
  readonly gentle: AbortController;
  readonly firm: AbortController;
}

const running = new Map<number, Running>();

/** Resolves when the message is on its way: output waits for it, so that none piles up here. */
function send(message: FromHost): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      resolve();
    });
  });
}

async function run(id: number, execution: PlainExecution): Promise<void> {
  const controllers = { gentle: new AbortController(), firm: new AbortController() };
  running.set(id, controllers);
  try {
    const result = await runCommand({
      ...execution,
      signal: controllers.gentle.signal,
      forceSignal: controllers.firm.signal,
      onStart: (group) => void send({ type: 'started', id, group }),
      onLines: (stream, lines) => send({ type: 'lines', id, stream, lines }),
    });
    await send({ type: 'ended', id, result });
  } catch (error) {
    if (error instanceof PipeError) await send({ type: 'refused', id, problems: error.problems });
    else
      await send({
        type: 'broken',
        id,
        stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
  } finally {
    running.delete(id);
  }
}

process.on('message', (message: ToHost) => {
  switch (message.type) {
    case 'run':
      void run(message.id, message.execution);
      break;
    case 'end':
      running.get(message.id)?.gentle.abort(message.reason);
      break;
    case 'kill':
      running.get(message.id)?.firm.abort();
      break;
  }
});

// `pipe` is done, or was killed: then the next run ends what is left before it touches anything.
process.on('disconnect', () => {
  process.exit();
});
