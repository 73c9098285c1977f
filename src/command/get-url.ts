import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { loadBlake3 } from '../kit/blake3.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { swap } from '../store/swap.ts';
import { clean } from '../report/words.ts';
import { formatSize } from '../report/size.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { refuseExisting, refuseOverGit, targetOf } from './get.ts';
import { jobsOf } from './share/options.ts';
import { downloadTo, withUrl } from './source/acquire-url.ts';
import { JOBS_OPTION } from './source/options.ts';
import { nameInUrl } from './source/paths.ts';

export default defineCommand({
  usage: '<url> [out]',
  positionals: { min: 1, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Downloads a file from https://HOST/PATH, a file or folder from s3://BUCKET/KEY, remote://NAME/KEY or this machine,\n' +
    'and tracks it not. No project is needed.',
  options: {
    force: { type: 'boolean', short: 'f', help: 'overwrite what is there' },
    ...JOBS_OPTION,
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const [url = '', out] = positionals;
    const jobs = jobsOf(options);
    const blake3 = await loadBlake3();
    const name = nameFor(url, out);
    const another = 'name another place behind the URL';
    const target = targetOf(context.cwd, name, { out: out ?? name, another, ...options });
    await refuseOverGit(context, target);
    mkdirSync(dirname(target), { recursive: true });
    const beside = temporaryBeside(target);
    try {
      mkdirSync(beside);
      const temporary = join(beside, basename(target));
      const told = await withUrl(url, { context, blake3, base: context.cwd, allowed: 'all', jobs }, (data) =>
        downloadTo(data, temporary, { context, global }),
      );
      const stat = statSync(temporary);
      if (options.force !== true) refuseExisting(target, { cwd: context.cwd, another });
      swap(temporary, target, stat.isDirectory());
      const shown = relative(context.cwd, target);
      const size = told.size ?? (stat.isFile() ? stat.size : undefined);
      return {
        text: `${clean(shown)}${size === undefined ? '' : `  ${formatSize(size)}`}`,
        json: { schema: 'pipe.get-url/1', out: shown, size: size ?? null, etag: told.etag ?? null },
      };
    } finally {
      removeTree(beside);
    }
  },
});

/** What comes is called as the URL says; or as the target, where that is no folder and the URL says nothing. */
function nameFor(url: string, out: string | undefined): string {
  try {
    return nameInUrl(url);
  } catch (error) {
    if (out === undefined || out.endsWith('/')) throw error;
    return basename(out);
  }
}
