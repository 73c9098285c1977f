import type { Told } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Allowed } from '../../project/option-value.ts';
import { remoteNamed } from '../../remote/open-remote.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { withRemote } from '../share/open-remotes.ts';
import { jobsOf } from '../share/options.ts';
import { withUrl } from './acquire-url.ts';

interface Options {
  readonly 'to-remote'?: boolean;
  readonly 'no-download'?: boolean;
  readonly remote?: string;
  readonly jobs?: string;
}

/** @throws {PipeError} PIPE_USAGE for flags of `import-url` and `update` that make no sense together */
export function refuseMixed(options: Options): void {
  jobsOf(options);
  if (options['to-remote'] === true) {
    if (options['no-download'] !== true) return;
    throw new PipeError({ code: 'PIPE_USAGE', message: '--to-remote and --no-download exclude each other' });
  }
  if (options.remote === undefined) return;
  const hint = 'without it the data come into the cache, and `pipe push` sends them';
  throw new PipeError({ code: 'PIPE_USAGE', message: '--remote goes with --to-remote', hint });
}

/** What was sent to a remote, and what its place told of it. */
export interface Sent {
  readonly entry: Entry;
  readonly told: Told;
  /** What its pointer is to name, if that is not the default one. */
  readonly remote: string | undefined;
}

/** The remote that a pointer is to name from now on: one that names none goes on with the default one. */
export function remoteToName(
  { project: { config } }: Pick<DataProject['engine'], 'project'>,
  name: string,
  kept: string | undefined,
): string | undefined {
  return name === config.get('core.remote') && kept === undefined ? undefined : name;
}

/** `import-url --to-remote`: sends what a URL leads to. */
export async function sendFromUrl(
  url: string,
  { engine }: DataProject,
  how: {
    /** The remote that the pointer of the path names, downloaded or not. */
    readonly kept: string | undefined;
    /** The variables that the URL may ask for: all, if the user wrote it here. */
    readonly allowed: Allowed;
    readonly context: Context;
    readonly global: GlobalOptions;
    readonly options: Options;
    readonly temporary: string;
  },
): Promise<Sent> {
  const { kept, allowed, context, global, options, temporary } = how;
  const { project, blake3 } = engine;
  const name = remoteNamed(project.config, options.remote);
  const { sendToRemote } = await import('./to-remote.ts');
  const sent = await withRemote(engine, { name, context, options }, (remote) =>
    withUrl(url, { context, blake3, base: project.root, allowed, jobs: jobsOf(options) }, (data) =>
      sendToRemote(data, { remote, blake3, context, global, temporary }),
    ),
  );
  return { ...sent, remote: remoteToName(engine, name, kept) };
}
