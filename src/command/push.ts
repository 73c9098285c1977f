import type { Pushed } from '../remote/push.ts';
import { push } from '../remote/push.ts';
import { amountOf, plural } from '../report/words.ts';
import type { Context, GlobalOptions, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import type { RemoteShare, Shares } from './share/open-remotes.ts';
import { withRemote } from './share/open-remotes.ts';
import { openShares } from './share/open-shares.ts';
import { REVISION_OPTION, SHARE_OPTIONS } from './share/options.ts';
import { transferProgress } from './share/progress.ts';
import { findRoots } from './share/push-roots.ts';
import { logsOf, recordsFor, withRecords } from './share/run-records.ts';
import type { SharedThings } from './share/shared.ts';
import { leftOutLines, missingJson, missingLines, unreadJson, unreadLines, withRecordsText } from './share/words.ts';

const PUSH_OPTIONS = {
  ...SHARE_OPTIONS,
  rev: REVISION_OPTION,
  'run-cache': { type: 'boolean', help: 'all run records, not only those that locks name' },
  'no-run-cache': { type: 'boolean', help: 'no run records' },
  logs: { type: 'boolean', help: 'also the logs of the runs that are recorded' },
  verify: { type: 'boolean', help: 'read every byte there that is relied on, and replace what is wrong' },
  'allow-missing': { type: 'boolean', help: 'exit with 0 although something is neither here nor there' },
  dry: { type: 'boolean', help: 'only say what would be sent' },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof PUSH_OPTIONS>;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Sends what locks and pointers say lies where, and the remote lacks of it: outs with their run records, tracked files\n' +
    'and folders. Targets are as for `pipe checkout`.\n' +
    'Exits with 1 when something is neither here nor there.',
  options: PUSH_OPTIONS,
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const { data, shared, shares, runCache } = await openShares(context, { positionals, options, global });
    const done: Done[] = [];
    for (const share of withRecords(data, shares, { ...shared, runCache, asked: options.remote })) {
      done.push(await pushTo(data, { share, shares, shared, runCache, context, options, global }));
    }
    const isMissing = done.some(({ pushed }) => pushed.missing.length > 0);
    return {
      exit: isMissing && options['allow-missing'] !== true ? 1 : 0,
      text: describe(done, { shared, shares, options, global }),
      json: {
        schema: 'pipe.push/1',
        dry: options.dry === true,
        remotes: done.map(doneJson),
        leftOut: [...shares.kept, ...shares.elsewhere].map(({ path }) => path),
        ...unreadJson(shared.problems),
      },
    };
  },
});

interface Done {
  readonly name: string;
  readonly place: string;
  readonly pushed: Pushed;
}

interface PushTo {
  readonly share: RemoteShare;
  readonly shares: Shares;
  readonly shared: SharedThings;
  readonly runCache: 'all' | 'none' | undefined;
  readonly context: Context;
  readonly options: Options;
  readonly global: GlobalOptions;
}

async function pushTo(data: DataProject, { share, context, options, global, ...choice }: PushTo): Promise<Done> {
  const { name } = share;
  return withRemote(data.engine, { name, context, options }, async (remote) => {
    const progress = transferProgress(context, global, `pushing to ${name}`);
    try {
      const { store } = data.engine;
      const { roots, lost } = await findRoots(remote, store, { things: share.things, keep: options.dry !== true });
      const records = recordsFor(data, { ...choice, share });
      const pushed = await push(remote, store, {
        roots,
        records,
        logs: options.logs === true ? logsOf(data, records) : [],
        dry: options.dry === true,
        verify: options.verify === true,
        onProgress: progress.onProgress,
        onVerify: progress.as(`checking ${name}`),
        onWait: () => {
          if (!global.quiet && !global.json) context.stderr.write(`waiting for a collection of ${name} to end\n`);
        },
      });
      const missing = [...pushed.missing, ...lost.map((path) => ({ path, size: 0 }))];
      return { name, place: remote.place.name, pushed: { ...pushed, missing } };
    } finally {
      progress.end();
    }
  });
}

function doneJson({ name, place, pushed: { missing, ...pushed } }: Done): unknown {
  return { name, place, ...pushed, missing: missing.map(missingJson) };
}

interface Said {
  readonly shared: SharedThings;
  readonly shares: Shares;
  readonly options: Options;
  readonly global: GlobalOptions;
}

function describe(done: readonly Done[], { shared, shares, options, global }: Said): string {
  const lines = done.flatMap((each) => linesOf(each, { isDry: options.dry === true, verbose: global.verbose }));
  const nothing = done.length === 0 ? ['There is nothing to push.'] : [];
  return [...nothing, ...lines, ...leftOutLines(shares), ...unreadLines(shared.problems)].join('\n');
}

function linesOf({ name, pushed }: Done, { isDry, verbose }: { isDry: boolean; verbose: boolean }): string[] {
  const { objects, records, packs, large, wanted, missing } = pushed;
  const verb = isDry ? 'Would push' : 'Pushed';
  const ways = [...(packs > 0 ? [plural(packs, 'pack')] : []), ...(large > 0 ? [plural(large, 'large file')] : [])];
  const way = ways.length > 0 ? ` in ${ways.join(' and ')}` : '';
  const sent =
    objects === 0 && records === 0
      ? missing.length > 0
        ? isDry
          ? `Nothing would be pushed to ${name}.`
          : `Nothing was pushed to ${name}.`
        : `Everything is in ${name} already: ${plural(wanted, 'object')}.`
      : `${verb} ${amountOf(pushed)}${withRecordsText(records)} to ${name}${way}.`;
  return [sent, ...wrongLines(pushed, isDry), ...missingLines(name, missing, verbose)];
}

function wrongLines({ wrong, replaced }: Pushed, isDry: boolean): string[] {
  if (wrong === 0) return [];
  const held = `${plural(wrong, 'object')} there held wrong bytes`;
  if (isDry) return [`${held}.`];
  if (replaced === wrong) return [`${held} and ${wrong === 1 ? 'was' : 'were'} replaced.`];
  return [
    replaced === 0 ? `${held}.` : `${held}; ${String(replaced)} of them ${replaced === 1 ? 'was' : 'were'} replaced.`,
  ];
}
