/** The clock of most file systems ticks every 4 to 10 ms; where times are whole seconds, every 2 s (FAT). */
const TICK_MS = 20;
const COARSE_TICK_MS = 2_000;

/** After how many milliseconds a change surely shows in the mtime of a file, told by the one that it has. */
export function tickOf(mtimeMs: number): number {
  return mtimeMs % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS;
}
