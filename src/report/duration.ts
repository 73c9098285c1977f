/** A time span for people: `12 ms`, `0.4 s`, `12.4 s`, `2 min 5 s`, `3 h 20 min`. */
export function formatDuration(ms: number): string {
  if (ms < 99.5) return `${Math.round(Math.max(0, ms))} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  return formatWhole(ms);
}

/** The same in whole seconds, for a time that is still counting. */
export function formatElapsed(ms: number): string {
  if (ms < 60_000) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  return formatWhole(ms);
}

function formatWhole(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
