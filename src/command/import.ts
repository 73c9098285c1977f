import { join, posix, resolve } from 'node:path';
import { checkImport, refuseInGit } from '../data/import.ts';
import { readGitUrl } from '../kit/source-url.ts';
import type { RepoImport } from '../lockfile/pointer-import.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { openData } from './data-project.ts';
import { inProject } from './edit-target.ts';
import { isFolderAsked } from './get.ts';
import { jobsOf } from './share/options.ts';
import { acquire } from './source/acquire.ts';
import { refusePending } from './source/import-later.ts';
import { JOBS_OPTION, SOURCE_OPTIONS } from './source/options.ts';
import { keptUrl, sourcePath } from './source/paths.ts';
import { importFolder } from './source/temporary.ts';
import { trackImport } from './source/track-import.ts';

export default defineCommand({
  usage: '<url> <path>',
  positionals: { min: 2, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Downloads a file or folder of another Git repository, as `pipe get` does, and tracks it with a pointer that says\n' +
    'where it comes from. `pipe update` follows its branch; `pipe pull` gets it from there; `pipe push` leaves it out.',
  options: {
    out: { type: 'string', short: 'o', value: 'PATH', help: 'put it there; into it, if it is a folder' },
    ...SOURCE_OPTIONS,
    ...JOBS_OPTION,
    'no-download': { type: 'boolean', help: 'only write the pointer; `pipe pull` brings the data' },
    force: { type: 'boolean', short: 'f', help: 'overwrite what is there' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    jobsOf(options);
    const [url = '', written = ''] = positionals;
    const source = sourcePath(written);
    const data = await openData(context, global);
    const { engine, pointers } = data;
    const { project, blake3, store } = engine;
    const place = { root: project.root, cwd: context.cwd };
    const kept = keptUrl(url, place, readGitUrl);
    const path = inProject(place, outPath(context.cwd, source, options.out));
    const force = options.force === true;
    const known = { stages: data.loaded.stages, pointers };
    const own = checkImport(engine, path, { known, force });
    if (!force) refusePending(data, path);
    await refuseInGit(engine, path, own);
    const isOnlyNamed = options['no-download'] === true;
    const temporary = importFolder(project.pipeDir);
    const got = await acquire({ url, allowed: 'all', rev: options.rev, path: source }, { context, global, options, blake3, store, temporary, isOnlyNamed }); // prettier-ignore
    const { rev, remote } = options;
    const imported: RepoImport = {
      kind: 'repo',
      path: source,
      url: kept,
      ...(rev === undefined ? {} : { rev }),
      revLock: got.commit,
      ...(remote === undefined ? {} : { remote }),
    };
    return trackImport(data, { path, entry: got.entry, imported, own }, { context, global, force, isOnlyRecorded: isOnlyNamed }); // prettier-ignore
  },
});

/** Where something goes, as `pipe get` says it. */
export function outPath(cwd: string, source: string, out: string | undefined): string {
  const asked = resolve(cwd, out ?? '.');
  return isFolderAsked(asked, out) ? join(asked, posix.basename(source)) : asked;
}
