import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for what is remembered of a project. It lies in the user's cache folder: it must be on this machine, is
 * nobody else's business, and may be deleted at any time.
 */
export function indexFolder(root: string, env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return join(base, 'pipe', 'index', createHash('sha256').update(root).digest('hex').slice(0, 24));
}
