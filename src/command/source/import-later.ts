import { relative } from 'node:path';
import { recordPending } from '../../data/import.ts';
import { formatSize } from '../../report/size.ts';
import { redactUrls } from '../../problem/redact.ts';
import { clean } from '../../report/words.ts';
import type { UrlImport } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import { autostage } from '../../project/autostage.ts';
import type { Context, GlobalOptions, Outcome } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { forGit } from '../data-words.ts';
import { knownNow } from '../known-now.ts';
import { withUrl } from './acquire-url.ts';

/** `import-url --no-download`: asks the source what it has, and writes the pointer alone. */
export async function importLater(
  { engine }: DataProject,
  { path, url }: { readonly path: string; readonly url: string },
  { context, global, force }: { readonly context: Context; readonly global: GlobalOptions; readonly force: boolean },
): Promise<Outcome> {
  const { project, blake3 } = engine;
  const told = await withUrl(url, { context, blake3, base: project.root, allowed: 'all' }, (data) => data.tell());
  const imported: UrlImport = { kind: 'url', url, ...told };
  const known = (): ReturnType<typeof knownNow> => knownNow(context);
  const files = await recordPending(engine, { path, imported, known }, { force, signal: context.signal });
  await autostage(project, context.env, files);
  const written = files.map((file) => relative(context.cwd, file));
  const size = told.size === undefined ? '' : `  ${formatSize(told.size)}`;
  const later = global.quiet ? [] : [`Not downloaded: \`pipe pull ${clean(path)}\` brings it.`];
  return {
    text: [`${clean(path)}${size}`, ...later, ...forGit(written)].join('\n'),
    json: { schema: 'pipe.import/1', path, url: redactUrls(url), digest: null, size: told.size ?? null, written },
  };
}

/** @throws {PipeError} PIPE_USAGE where the path is that of an import that was not downloaded yet */
export function refusePending({ pending }: DataProject, path: string): void {
  const there = pending.find((each) => each.path === path);
  if (there === undefined) return;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `${path} is tracked already, by ${there.file}`,
    hint: `download it with \`pipe pull ${there.file}\`, or replace it with --force`,
  });
}
