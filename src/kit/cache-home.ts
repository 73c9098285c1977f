import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The user's folder for what may be deleted at any time (XDG Base Directory Specification 0.8): paths that are not
 * absolute count as not set.
 * @returns absolute; `undefined` for a user without a home
 */
export function cacheHome(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME: cache = '', HOME: home = homedir() } = env;
  if (isAbsolute(cache)) return cache;
  return isAbsolute(home) ? join(home, '.cache') : undefined;
}
