import { entryText } from './entry.ts';
import type { Report } from './report.ts';
import { EMPTY_STATE, reduce } from './state.ts';
import { columnsOf, styleFor } from './style.ts';
import { summaryLines } from './summary.ts';
import type { View } from './view.ts';
import { drained } from './writer.ts';

export interface LiveOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Loading Ink costs more than a short run takes: only a run that lasts longer gets a live view. */
const DELAY_MS = 150;

/** A run on a terminal: a live view of what runs below what has finished, and a summary. Reads no keys. */
export function liveReport({ stdout, color, now }: LiveOptions): Report {
  let state = EMPTY_STATE;
  let view: View | undefined;
  let timer: NodeJS.Timeout | undefined;
  let opening: Promise<void> | undefined;
  let closed = false;

  const open = async (): Promise<void> => {
    const { mountView } = await import('./ink/mount.tsx');
    if (!closed) view = mountView({ stdout, color, now, state });
  };
  const printHistory = (): void => {
    const options = { color, columns: columnsOf(stdout), nameWidth: state.nameWidth };
    for (const entry of state.history) stdout.write(`${entryText(entry, options)}\n`);
  };
  return {
    emit(event) {
      state = reduce(state, event, now());
      if (event.type === 'plan' && state.total > 0) {
        timer = setTimeout(() => {
          opening = open();
          // A failure to open is told when the run is over: it must not end the stages.
          opening.catch(() => undefined);
        }, DELAY_MS);
      }
      view?.update(state);
    },
    flush: () => undefined,
    async finish() {
      closed = true;
      clearTimeout(timer);
      if (view) view.close(state);
      else printHistory();
      if (state.end) {
        const { end, tally, history } = state;
        const lines = summaryLines({
          end,
          tally,
          style: styleFor(color),
          columns: columnsOf(stdout),
          recap: false,
        });
        // A view that closes leaves an empty row behind.
        const gap = !view && history.length > 0 ? '\n' : '';
        stdout.write(`${gap}${lines.join('\n')}\n`);
      }
      await drained(stdout);
      await opening;
    },
  };
}
