import { isAbsolute, relative, resolve, sep } from 'node:path';
import { checkImport, recordImport } from '../data/import.ts';
import { readDataUrl } from '../kit/source-url.ts';
import type { UrlImport } from '../lockfile/pointer-import.ts';
import { autostage } from '../project/autostage.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { dataOptions, openData } from './data-project.ts';
import { inProject } from './edit-target.ts';
import { outPath } from './import.ts';
import { acquireUrl } from './source/acquire-url.ts';
import { importedJson, importedText } from './source/imported-words.ts';
import { nameInUrl, refuseWrongUrl } from './source/paths.ts';
import { importFolder } from './source/temporary.ts';

export default defineCommand({
  usage: '<url> [out]',
  positionals: { min: 1, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Downloads a file from https://HOST/PATH, a file or folder from s3://BUCKET/KEY, remote://NAME/KEY or this machine,\n' +
    'and tracks it with a pointer that says where it comes from. `pipe update` downloads it again when it changed there.',
  options: {
    force: { type: 'boolean', short: 'f', help: 'overwrite what is there' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const [url = '', out] = positionals;
    const data = await openData(context, global);
    const { engine, pointers } = data;
    const { project, blake3, store } = engine;
    const place = { root: project.root, cwd: context.cwd };
    const kept = keptUrl(url, place);
    const name = nameInUrl(url);
    const path = inProject(place, outPath(context.cwd, name, out ?? name));
    const force = options.force === true;
    const own = checkImport(engine, path, { known: { stages: data.loaded.stages, pointers }, force });
    const temporary = importFolder(project.pipeDir);
    const got = await acquireUrl(kept, { context, global, blake3, store, temporary, base: project.root });
    const imported: UrlImport = { kind: 'url', url: kept, ...got.told };
    const { progress, ...how } = dataOptions(data, { context, global, label: 'checking out' });
    try {
      const recorded = { path, entry: got.entry, imported, own };
      const done = await recordImport(engine, recorded, { ...how, force, isOnlyRecorded: false });
      await autostage(project, context.env, done.written);
      const toTrack = done.written.map((file) => relative(context.cwd, file));
      return {
        text: importedText(recorded, toTrack),
        json: { schema: 'pipe.import/1', ...importedJson(recorded), written: toTrack },
      };
    } finally {
      progress.end();
      engine.index.save();
      engine.objects.save();
    }
  },
});

/**
 * A URL as a pointer keeps it: a relative path as it is seen from the project.
 * @throws {PipeError} PIPE_URL
 */
function keptUrl(url: string, { root, cwd }: { readonly root: string; readonly cwd: string }): string {
  const read = url.includes('${') ? undefined : readDataUrl(url);
  refuseWrongUrl(url, read);
  const isPath = read !== undefined && 'kind' in read && read.kind === 'file' && !/^file:/i.test(url);
  return isPath && !isAbsolute(url) ? relative(root, resolve(cwd, url)).split(sep).join('/') || '.' : url;
}
