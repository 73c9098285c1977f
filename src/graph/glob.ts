import picomatch from 'picomatch';

const OPTIONS = { dot: false, strictSlashes: true, nonegate: true } as const;

/** A function that tells whether a path matches a pattern; `**` crosses folders, dot files need a leading dot. */
export function globMatcher(pattern: string): (path: string) => boolean {
  const matches = picomatch(alternatives(pattern) ?? pattern, OPTIONS);
  // Of its further parameters, one makes it return an object: not to be reached through `map` or `filter`.
  return (path) => matches(path);
}

/** The folder above the first segment with a wildcard: where a search for the pattern starts. `.` for the root. */
export function globBase(pattern: string): string {
  return picomatch.scan(pattern).base.replace(/\\(.)/g, '$1') || '.';
}

/**
 * Whether a pattern could match the path or something below it: then whoever makes the path makes a part of what the
 * pattern finds. Decided segment by segment, since the contents of a folder are not known yet; in doubt, true.
 */
export function globMeets(pattern: string, path: string): boolean {
  const patterns = alternatives(pattern);
  return patterns === undefined || patterns.some((each) => meets(each.split('/'), path.split('/')));
}

function meets(wanted: readonly string[], given: readonly string[]): boolean {
  for (const [at, segment] of wanted.entries()) {
    const name = given[at];
    if (name === undefined || segment.includes('**') || holdsHalfGroup(segment)) return true;
    // The first segment of an absolute pattern is empty: nothing but itself.
    if (segment !== name && (segment === '' || !picomatch.isMatch(name, segment, OPTIONS))) return false;
  }
  return wanted.length === given.length;
}

/** Whether a group such as `@(a/b|c)` goes on in the next segment. */
function holdsHalfGroup(segment: string): boolean {
  return segment.split('(').length !== segment.split(')').length;
}

/** More patterns than this are not told apart. */
const MOST = 1_000;

/**
 * The patterns without braces that a pattern with braces stands for: none reaches over a slash then, and a `*` in one
 * leaves dot files alone, which picomatch forgets inside braces.
 */
function alternatives(pattern: string): string[] | undefined {
  const done: string[] = [];
  const waiting = [pattern];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const expanded = expandFirst(next);
    if (expanded === undefined) done.push(next);
    else waiting.push(...expanded);
    if (done.length + waiting.length > MOST) return undefined;
  }
  return done;
}

/** Replaces the first braces with several parts by each of these; `undefined` when there are none. */
function expandFirst(pattern: string): string[] | undefined {
  const open: { readonly at: number; readonly cuts: number[] }[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at];
    if (char === '\\') at += 1;
    else if (char === '{') open.push({ at, cuts: [at] });
    else if (char === ',') open.at(-1)?.cuts.push(at);
    else if (char === '}') {
      const group = open.pop();
      if (group === undefined || group.cuts.length < 2) continue;
      const ends = [...group.cuts.slice(1), at];
      const parts = group.cuts.map((cut, index) => pattern.slice(cut + 1, ends[index]));
      return parts.map((part) => pattern.slice(0, group.at) + part + pattern.slice(at + 1));
    }
  }
  return undefined;
}
