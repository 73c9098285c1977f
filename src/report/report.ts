import type { Emit } from '../event/event.ts';

/** Presents the events of one run. It sees events only, and never acts on the run. */
export interface Report {
  /** Takes the next event. Never throws and never waits. */
  readonly emit: Emit;
  /** Writes what is held back, because somebody else is about to write. */
  flush(): void;
  /** Writes what is still held back and gives the terminal back. To be called once, also when the run broke off. */
  finish(): Promise<void>;
}
