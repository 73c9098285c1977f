/**
 * The candidate that may have been meant: the closest to what was written, if it is close enough to be a slip (at most
 * a third of the letters differ); else the closest in length that begins with it (`rep`: `repro`) or is a short form of
 * it, with the same first letter and the others in their order (`command`: `cmd`). Distance: Damerau–Levenshtein, optimal string alignment (insert, delete, replace, swap neighbours).
 */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  return slipOf(written, all) ?? otherFormOf(written, all);
}

function slipOf(written: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - written.length) >= bestDistance) continue;
    const distance = alignmentDistance(written.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Shorter ones fit too much. */
const SHORTEST_START = 2;
const SHORTEST_FORM = 3;

function otherFormOf(written: string, candidates: readonly string[]): string | undefined {
  const lower = written.toLowerCase();
  const difference = (candidate: string): number => Math.abs(candidate.length - lower.length);
  return candidates
    .filter((candidate) => isOtherForm(lower, candidate.toLowerCase()))
    .reduce<string | undefined>(
      (best, each) => (best === undefined || difference(each) < difference(best) ? each : best),
      undefined,
    );
}

function isOtherForm(written: string, candidate: string): boolean {
  if (written.length < candidate.length) return written.length >= SHORTEST_START && candidate.startsWith(written);
  return candidate.length >= SHORTEST_FORM && candidate[0] === written[0] && isSubsequence(candidate, written);
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (let from = 0; from < long.length && at < short.length; from += 1) if (long[from] === short[at]) at += 1;
  return at === short.length;
}

function alignmentDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
