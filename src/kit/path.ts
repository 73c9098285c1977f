/**
 * Paths inside a project are posix strings relative to its root, normalized; `.` is the root itself. A path that starts
 * with `..` or `/` lies outside.
 */

/** Whether `path` is `folder` or lies below it. */
export function isWithin(folder: string, path: string): boolean {
  return folder === '.' ? !isOutside(path) : path === folder || path.startsWith(`${folder}/`);
}

/** Whether a path relative to the root leaves it. */
export function isOutside(path: string): boolean {
  return path === '..' || path.startsWith('../') || path.startsWith('/');
}

/** The folders above a path, nearest first, without the root: `a/b/c` gives `a/b`, `a`. */
export function* ancestors(path: string): Generator<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) yield path.slice(0, end);
}

/** What is known of the nearest folder above a path of which anything is. */
export function nearestAbove<T>(path: string, known: ReadonlyMap<string, T>): T | undefined {
  for (const folder of ancestors(path)) {
    const found = known.get(folder);
    if (found !== undefined) return found;
  }
  return undefined;
}
