import { isAbsolute, posix, relative, resolve, sep } from 'node:path';
import type { DataUrl, GitUrl, WrongUrl } from '../../kit/source-url.ts';
import { whyNoSourcePath, whyNotTrackedUrl } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import { isSafeName } from '../../store/tree.ts';

/**
 * A path of another repository as it stands on a command line.
 * @throws {PipeError} PIPE_URL when it leads out of the repository, or names nothing in it
 */
export function sourcePath(written: string): string {
  const path = written === '' ? '' : posix.normalize(written).replace(/\/$/, '');
  const why = whyNoSourcePath(path);
  if (why === undefined) return path;
  throw new PipeError({ code: 'PIPE_URL', message: `the path ${JSON.stringify(written)} ${why}` });
}

/**
 * How what a URL leads to is called.
 * @throws {PipeError} PIPE_USAGE when it says no name that a file can have
 */
export function nameInUrl(url: string): string {
  const path = url.includes('://') ? url.replace(/^[^:]*:\/\/[^/?#]*/, '').replace(/[?#].*$/s, '') : url;
  const name = posix.basename(decoded(path));
  if (name !== '' && isSafeName(name) && !name.includes('${')) return name;
  throw new PipeError({ code: 'PIPE_USAGE', message: 'the URL does not say how to call what comes from there', hint: 'name the file to write behind the URL' }); // prettier-ignore
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Refuses a URL that cannot stand in a pointer.
 * @param read what reading it came to
 * @throws {PipeError} PIPE_URL
 */
function refuseWrongUrl(url: string, read: object | undefined): void {
  const fault = whyNotTrackedUrl(url, read);
  if (fault === undefined) return;
  const hint = fault.hint === undefined ? {} : { hint: fault.hint };
  throw new PipeError({ code: 'PIPE_URL', message: fault.message, ...hint });
}

/**
 * A URL as a pointer keeps it: a relative path of this machine as it is seen from the project.
 * @param read how URLs of this sort are read
 * @throws {PipeError} PIPE_URL
 */
export function keptUrl(
  url: string,
  { root, cwd }: { readonly root: string; readonly cwd: string },
  read: (url: string) => GitUrl | DataUrl | WrongUrl,
): string {
  const known = url.includes('${') ? undefined : read(url);
  refuseWrongUrl(url, known);
  const isPath = known !== undefined && 'path' in known && !/^file:/i.test(url);
  return isPath && !isAbsolute(url) ? relative(root, resolve(cwd, url)).split(sep).join('/') || '.' : url;
}
