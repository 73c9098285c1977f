import type { LiveState } from './state.ts';

/** A live view that is on the screen. */
export interface View {
  /** Takes the next state, to be shown when its turn comes. */
  update(state: LiveState): void;
  /** Leaves what has happened on the screen, takes away the rest and gives the terminal back. */
  close(state: LiveState): void;
}
