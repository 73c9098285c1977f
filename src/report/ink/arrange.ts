import type { RunningStage } from '../state.ts';
import { TAIL_LINES } from '../state.ts';

/** What fits on the screen of what runs. */
export interface Arrangement {
  readonly shown: readonly RunningStage[];
  /** Running stages that found no room. */
  readonly hidden: number;
  /** Lines of output below each stage. */
  readonly tail: number;
  /** Whether a stage's message stands on a row of its own, below it. */
  readonly messageBelow: boolean;
}

/** Rows around the stages: an empty one, the header, the waiting ones, and the cursor's. */
const FIXED_ROWS = 4;
/** The view takes no more than this of a tall terminal. */
const MOST_ROWS = 24;
/** Below this width, a bar and a message do not fit on one row. */
const NARROW = 90;
const FEW_LINES = 3;

/** Shares the rows of the screen among the stages that run: first a row for each, then their messages and output. */
export function arrange(running: readonly RunningStage[], screen: { columns: number; rows: number }): Arrangement {
  const room = Math.max(1, Math.min(MOST_ROWS, screen.rows) - FIXED_ROWS);
  if (running.length > room) {
    const shown = running.slice(0, Math.max(1, room - 1));
    return { shown, hidden: running.length - shown.length, tail: 0, messageBelow: false };
  }
  const messages =
    screen.columns < NARROW ? running.filter(({ progress }) => progress?.message !== undefined).length : 0;
  const messageBelow = messages > 0 && running.length + messages <= room;
  const spare = room - running.length - (messageBelow ? messages : 0);
  const most = running.length === 1 ? TAIL_LINES : FEW_LINES;
  const tail = running.length === 0 ? 0 : Math.min(most, Math.floor(spare / running.length));
  return { shown: running, hidden: 0, tail, messageBelow };
}
