/** A time as people read it: `0.048 s`, `4.95 s`, `24.7 s`, `1050 s`. */
export function formatSeconds(seconds: number): string {
  const digits = seconds < 1 ? 3 : seconds < 10 ? 2 : seconds < 100 ? 1 : 0;
  return `${seconds.toFixed(digits)} s`;
}

/** A multiple with two digits or more that count: `0.031`, `0.50`, `1.45`, `23`. */
export function formatRatio(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(0);
  return ratio >= 1 ? ratio.toFixed(2) : ratio.toPrecision(2);
}

/** Bytes as people read them: `0.13 MB`, `1 MB`, `16.4 GB`. */
export function formatSize(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${bytes >= 10e6 ? (bytes / 1e6).toFixed(0) : Number((bytes / 1e6).toPrecision(2))} MB`;
}

/** Bytes in millions, as the budget has them: `57 MB`. */
export function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
