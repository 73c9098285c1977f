import picomatch from 'picomatch';

const OPTIONS = { dot: false, strictSlashes: true } as const;

/** A function that tells whether a path matches a pattern; `**` crosses folders, dot files need a leading dot. */
export function globMatcher(pattern: string): (path: string) => boolean {
  return picomatch(pattern, OPTIONS);
}

/** The folder above the first segment with a wildcard: where a search for the pattern starts. `.` for the root. */
export function globBase(pattern: string): string {
  return picomatch.scan(pattern).base || '.';
}

/**
 * Whether a pattern could match the path, something below it, or a folder above it: then whoever makes the path makes
 * a part of what the pattern finds. Decided segment by segment, since the contents of a folder are not known yet.
 */
export function globMeets(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  for (let at = 0; at < wanted.length && at < given.length; at += 1) {
    const segment = wanted[at] ?? '';
    if (segment.includes('**')) return true;
    if (!picomatch.isMatch(given[at] ?? '', segment, OPTIONS)) return false;
  }
  return true;
}
