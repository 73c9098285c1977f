import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { CHOICE_OPTIONS } from './share/choose.ts';
import { dryFetch } from './share/dry-fetch.ts';
import { fetchImports, withRecovered } from './share/fetch-imports.ts';
import { fetchShares, isAnyCut, refuseIfOnlyFailed } from './share/fetch-shares.ts';
import { fetchedJson, fetchedLines } from './share/fetched-words.ts';
import { broughtJson, broughtLines } from './source/brought-words.ts';
import { failedJson } from './source/failed.ts';
import { openShares } from './share/open-shares.ts';
import { FETCH_OPTIONS, SHARE_OPTIONS } from './share/options.ts';
import { unreadJson } from './share/words.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Brings what locks and pointers say lies where into the cache, and leaves the workspace alone. Targets are as for\n' +
    '`pipe checkout`; of a path inside a tracked folder only what it needs comes.\n' +
    'A remote is asked for what the cache lacks. Exits with 1 when it lacks something, or holds wrong bytes of it.',
  options: { ...SHARE_OPTIONS, ...CHOICE_OPTIONS, ...FETCH_OPTIONS },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const opened = await openShares(context, {
      positionals,
      options,
      global,
      bring: options.dry === true ? 'dry' : { force: false, isOnlyRecorded: true },
    });
    if (options.dry === true) return dryFetch(opened, { context, options, verbose: global.verbose });
    const { data, brought, shared, shares } = opened;
    const runCache = opened.runCache === 'all';
    const fetched = await fetchShares(data, shares.shares, { context, global, options, runCache });
    const { imports, notes, recovered, ...more } = await fetchImports(data, shared.things, {
      context,
      global,
      options,
      sourced: opened.sourced,
    });
    const failed = [...brought.failed, ...more.failed];
    const done = withRecovered(data, fetched, recovered);
    refuseIfOnlyFailed(done, failed, brought.brought.length + imports.length > 0);
    const isMissing = done.some(({ absent, wrong }) => absent.length + wrong.length > 0);
    return {
      problems: [...done.flatMap((each) => each.problems), ...notes, ...failed.flatMap(({ problems }) => problems)],
      exit: failed.length > 0 || isAnyCut(done) || (isMissing && options['allow-missing'] !== true) ? 1 : 0,
      text: [...broughtLines(brought), ...fetchedLines(done, { ...opened, imports, verbose: global.verbose })].join(
        '\n',
      ),
      json: {
        schema: 'pipe.fetch/1',
        dry: false,
        remotes: done.map(fetchedJson),
        ...broughtJson(brought),
        ...(imports.length > 0 ? { imports } : {}),
        ...failedJson(failed),
        ...unreadJson(shared.problems),
      },
    };
  },
});
