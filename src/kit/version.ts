import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Put in by the build (`scripts/build.mjs`); absent when the sources run as they are, as under vitest or tsx. */
declare const PIPE_VERSION: string | undefined;

/** The version of this `pipe`, as its `package.json` says. */
export const VERSION: string = typeof PIPE_VERSION === 'string' ? PIPE_VERSION : versionOfCheckout();

function versionOfCheckout(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
