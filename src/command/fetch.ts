import type { OptionSpecs, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { openData } from './data-project.ts';
import { dryFetch } from './share/dry-fetch.ts';
import type { FetchedShare } from './share/fetch-to.ts';
import { fetchShare } from './share/fetch-to.ts';
import { fetchedJson, fetchedLines } from './share/fetched-words.ts';
import { sharesOf } from './share/open-remotes.ts';
import { SHARE_OPTIONS, jobsOf, runCacheOf } from './share/options.ts';
import { sharedThings } from './share/shared.ts';

const FETCH_OPTIONS = {
  ...SHARE_OPTIONS,
  'run-cache': { type: 'boolean', help: 'also all run records, with what the runs made' },
  'no-run-cache': { type: 'boolean', help: 'no run records, as without either flag' },
  'allow-missing': { type: 'boolean', help: 'exit with 0 although the remote lacks something' },
  dry: { type: 'boolean', help: 'only say what would be fetched' },
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Brings what locks and pointers say lies where into the cache, and leaves the workspace alone. Targets are as for\n' +
    '`pipe checkout`; of a path inside a tracked folder only what it needs comes.\n' +
    'Exits with 1 when the remote lacks something, or holds wrong bytes of it.',
  options: FETCH_OPTIONS,
  async run(context, { positionals, options, global }): Promise<Outcome> {
    jobsOf(options);
    const runCache = runCacheOf(options) === 'all';
    const data = await openData(context, global);
    const shared = await sharedThings(data, { context, targets: positionals, options });
    const shares = sharesOf(data.engine, shared.things, options.remote);
    if (options.dry === true) return dryFetch(data, shares, { context, options, verbose: global.verbose });
    const done: FetchedShare[] = [];
    for (const share of shares.shares) {
      done.push(await fetchShare(data, { share, context, global, options, runCache }));
    }
    const isMissing = done.some(({ absent, wrong }) => absent.length + wrong.length > 0);
    return {
      exit: isMissing && options['allow-missing'] !== true ? 1 : 0,
      text: fetchedLines(done, { shares, problems: shared.problems, verbose: global.verbose }).join('\n'),
      json: { schema: 'pipe.fetch/1', dry: false, remotes: done.map(fetchedJson) },
    };
  },
});
