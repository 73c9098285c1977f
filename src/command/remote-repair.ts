import { refuseAbsentPlace } from '../remote/absent-place.ts';
import { remoteNamed } from '../remote/open-remote.ts';
import { repairRemote } from '../remote/upkeep/repair-tables.ts';
import type { RepairedRemote } from '../remote/upkeep/repair-tables.ts';
import { leftoverNames } from '../remote/upkeep/leftovers.ts';
import { packKey } from '../remote/remote-layout.ts';
import { createProgress } from '../report/progress.ts';
import { formatSize } from '../report/size.ts';
import { amountOf, plural } from '../report/words.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { withRemote } from './share/open-remotes.ts';
import { GRACE_OPTION, graceOf } from './upkeep/grace.ts';
import { openStoreOf } from './upkeep/project-store.ts';

export default defineCommand({
  usage: '[name]',
  positionals: { min: 0, max: 1 },
  json: true,
  stopsGently: true,
  details:
    'Puts in order what tells of the objects of a remote: lost and damaged tables of packs are made again from the packs,\n' +
    'what interrupted uploads and old pushes have left is removed. Objects themselves: `pipe fsck --remote --repair`.\n' +
    'Exits with 1 when something could not be put in order.',
  options: {
    jobs: { type: 'string', short: 'j', value: 'N', help: 'so many requests at once' },
    grace: { ...GRACE_OPTION, help: 'uploads and leases of this time stay (90m, 12h, 7d; 24h unless given)' },
    dry: { type: 'boolean', help: 'only say what would be done' },
  },
  async run(context, { positionals: [asked], options, global }): Promise<Outcome> {
    const graceMs = graceOf(options);
    const engine = await openStoreOf(context);
    const name = remoteNamed(engine.project.config, asked);
    return withRemote(engine, { name, context, options }, async (remote) => {
      await refuseAbsentPlace(name, remote.place);
      const { stderr, env } = context;
      const quiet = global.json || global.quiet;
      const progress = createProgress({ stderr, env, label: `repairing ${name}`, noun: 'packs', quiet });
      const dry = options.dry === true;
      try {
        const onProgress = (done: number, total: number): void => {
          progress.update(done, total);
        };
        const repaired = await repairRemote(remote, { dry, graceMs, onProgress });
        const isLost = repaired.inUse.length > 0 || repaired.packs.some(({ wrong, unknown }) => wrong + unknown > 0);
        return {
          exit: isLost ? 1 : 0,
          text: textOf(repaired, { name, dry }),
          json: documentOf(repaired, { name, place: remote.place.name, dry }),
        };
      } finally {
        progress.end();
      }
    });
  },
});

function documentOf(
  { packs, inUse, damagedTables, superfluousTables, listed, leftovers }: RepairedRemote,
  about: { readonly name: string; readonly place: string; readonly dry: boolean },
): unknown {
  return {
    schema: 'pipe.remote-repair/1',
    ...about,
    packs: packs.map(({ name, ...each }) => ({ file: packKey(name), ...each })),
    inUse: inUse.map(packKey),
    damagedTables,
    superfluousTables,
    listed,
    leases: leftovers.leases.length,
    tombstones: leftovers.tombstones.length,
    uploads: leftovers.uploads.map((each) => each.name),
  };
}

function textOf(
  { packs, inUse, damagedTables, superfluousTables, listed, leftovers }: RepairedRemote,
  { name, dry }: { readonly name: string; readonly dry: boolean },
): string {
  const left = leftoverNames(leftovers).length;
  const tables = damagedTables.length + superfluousTables.length;
  const lines = packs.map(({ name: pack, wrong, unknown, ...found }) => {
    const lost = [
      ...(wrong > 0 ? [`${plural(wrong, 'object')} of wrong bytes`] : []),
      ...(unknown > 0 ? [`${formatSize(unknown)} of which nothing is known`] : []),
    ];
    const aside =
      lost.length === 0 ? [] : [dry ? 'it would be kept in v1/quarantine/' : 'it is kept in v1/quarantine/'];
    return [`${packKey(pack)}: ${dry ? 'would save' : 'saved'} ${amountOf(found)}`, ...lost, ...aside].join('; ');
  });
  if (inUse.length > 0) lines.push(`${plural(inUse.length, 'pack')} stay, since a push is about to write them.`);
  if (tables > 0) {
    const damaged = damagedTables.length > 0 ? `, ${damagedTables.length} of them damaged` : '';
    lines.push(
      `${dry ? 'Would replace' : 'Replaced'} ${plural(tables, 'file')} of tables${damaged}, by one for ${plural(listed, 'pack')}.`,
    );
  }
  if (left > 0) lines.push(`${dry ? 'Would remove' : 'Removed'} ${plural(left, 'file')} that were left behind.`);
  return lines.length > 0 ? lines.join('\n') : `${name} is in order: ${plural(listed, 'pack')}.`;
}
