import { checkImport, refuseInGit } from '../data/import.ts';
import { readDataUrl } from '../kit/source-url.ts';
import type { UrlImport } from '../lockfile/pointer-import.ts';
import type { Outcome } from './command.ts';
import { importLater, refusePending } from './source/import-later.ts';
import { defineCommand } from './command.ts';
import { openData } from './data-project.ts';
import { inProject } from './edit-target.ts';
import { outPath } from './import.ts';
import { jobsOf } from './share/options.ts';
import { acquireUrl } from './source/acquire-url.ts';
import { JOBS_OPTION } from './source/options.ts';
import { refuseMixed, sendFromUrl } from './source/send-url.ts';
import { keptUrl, nameInUrl } from './source/paths.ts';
import { importFolder } from './source/temporary.ts';
import { trackImport } from './source/track-import.ts';

export default defineCommand({
  usage: '<url> [out]',
  positionals: { min: 1, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Downloads a file from https://HOST/PATH, a file or folder from s3://BUCKET/KEY, remote://NAME/KEY or this machine,\n' +
    'and tracks it with a pointer that says where it comes from. `pipe update` downloads it again when it changed there.',
  options: {
    'to-remote': { type: 'boolean', help: 'send the data to the remote, and keep none of them here' },
    remote: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      help: 'with --to-remote: to this one (default: the default one)',
    },
    ...JOBS_OPTION,
    'no-download': { type: 'boolean', help: 'only write the pointer; `pipe pull` brings the data' },
    force: { type: 'boolean', short: 'f', help: 'overwrite what is there' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const [url = '', out] = positionals;
    refuseMixed(options);
    const data = await openData(context, global);
    const { engine, pointers } = data;
    const { project, blake3, store } = engine;
    const place = { root: project.root, cwd: context.cwd };
    const kept = keptUrl(url, place, readDataUrl);
    const name = nameInUrl(url);
    const path = inProject(place, outPath(context.cwd, name, out ?? name));
    const force = options.force === true;
    const own = checkImport(engine, path, { known: { stages: data.loaded.stages, pointers }, force });
    await refuseInGit(engine, path, own);
    if (!force) refusePending(data, path);
    if (options['no-download'] === true) return importLater(data, { path, url: kept }, { context, global, force });
    const temporary = importFolder(project.pipeDir);
    if (options['to-remote'] === true) {
      const { entry, told, remote } = await sendFromUrl(kept, data, {
        kept: own?.pointer.out.remote,
        allowed: 'all',
        context,
        global,
        options,
        temporary,
      });
      const imported: UrlImport = { kind: 'url', url: kept, ...told };
      return trackImport(
        data,
        { path, entry, imported, own, remote },
        { context, global, force, isOnlyRecorded: true },
      );
    }
    const got = await acquireUrl(kept, {
      context,
      global,
      blake3,
      store,
      temporary,
      base: project.root,
      allowed: 'all',
      jobs: jobsOf(options),
    });
    const imported: UrlImport = { kind: 'url', url: kept, ...got.told };
    return trackImport(
      data,
      { path, entry: got.entry, imported, own },
      { context, global, force, isOnlyRecorded: false },
    );
  },
});
