import { PipeError } from '../problem/problem.ts';
import type { Config } from './config.ts';
import type { OptionChange } from './config-change.ts';
import type { ConfigFile } from './config-file.ts';
import type { Level } from './config-level.ts';

/** The web server that a URL leads to (`https://example.org:8443`); `undefined` for any other URL. */
export function webOrigin(url: string | undefined): string | undefined {
  if (url === undefined || !/^https?:/i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).origin;
}

/**
 * A change of the password of a remote at the local level, with a record beside it of the server that it is meant for: that
 * of its URL now. Any other change alone.
 */
export function withOrigin(
  change: OptionChange,
  { level, before, config }: { readonly level: Level; readonly before: ConfigFile; readonly config: () => Config },
): OptionChange[] {
  const remote = /^remote\.([^.]+)\.password$/.exec(change.name)?.[1];
  if (level !== 'local' || remote === undefined) return [change];
  const name = `remote.${remote}.origin`;
  const content = change.content === undefined ? undefined : originNow(config(), remote);
  if (content !== undefined) return [change, { name, content }];
  return before.names.has(name) ? [change, { name }] : [change];
}

function originNow(config: Config, remote: string): string | undefined {
  try {
    return webOrigin(config.remote(remote, 'url'));
  } catch (error) {
    // A variable that is not set now, or a config that is to be mended: the user says it when it is needed.
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}
