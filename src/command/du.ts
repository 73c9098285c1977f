import { isWithin } from '../kit/path.ts';
import type { Root } from '../lockfile/needed.ts';
import { PipeError } from '../problem/problem.ts';
import { formatSize } from '../report/size.ts';
import { renderTable } from '../report/table.ts';
import { plural } from '../report/words.ts';
import type { Amount, StoreUsage, ThingUsage } from '../store/usage.ts';
import { storeUsage } from '../store/usage.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { inProject, shownFrom } from './edit-target.ts';
import { needsOf, openStoreOf } from './upkeep/project-store.ts';
import { filesOf } from '../store/tree.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Says what the cache takes on the disk, and of each out and tracked file how large it is and how much of the cache\n' +
    'it alone needs. Targets are paths: these, and what lies below them.',
  options: {},
  async run(context, { positionals }): Promise<Outcome> {
    const engine = await openStoreOf(context);
    const here = { root: engine.project.root, cwd: context.cwd };
    const { roots, problems } = await needsOf(engine, []);
    const { usage, sizes } = storeUsage(engine.store.layout, engine.blake3);
    // All of them, whatever the targets: what others need too is not needed by one alone.
    const own = sizes.use(roots);
    const things = roots.map((root, at) => ({ ...thingOf(root), ...(own[at] as ThingUsage) }));
    const wanted = positionals.map((target) => inProject(here, target));
    for (const [at, target] of wanted.entries()) {
      if (things.some(({ path }) => isWithin(target, path))) continue;
      const message = `nothing is tracked at ${positionals[at] ?? ''} or below it`;
      throw new PipeError({ code: 'PIPE_TARGET_UNKNOWN', message, hint: 'run `pipe du` to see what is' });
    }
    const shown = things
      .filter(({ path }) => wanted.length === 0 || wanted.some((target) => isWithin(target, path)))
      .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
    const unused = sizes.unused();
    return {
      text: duText(
        { usage, unused, things: shown, isWhole: wanted.length === 0, problems: problems.length },
        shownFrom(here),
      ),
      json: {
        schema: 'pipe.du/1',
        cache: { folder: engine.store.layout.root, ...usage, total: totalOf(usage) },
        things: shown,
        others: { objects: unused.count, bytes: unused.bytes },
        problems: problems.map(({ problem, file }) => ({ code: problem.code, message: problem.message, file })),
      },
    };
  },
});

interface Thing extends ThingUsage {
  readonly path: string;
  readonly from: string;
  readonly size: number;
  readonly files: number;
}

function thingOf({ path, from, entry }: Root): Omit<Thing, keyof ThingUsage> {
  return { path, from, size: entry.size, files: filesOf(entry) };
}

function totalOf({ loose, packed, runs, quarantine, trash, tmp }: StoreUsage): number {
  return [loose, packed, runs, quarantine, trash, tmp].reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Shown {
  readonly usage: StoreUsage;
  readonly unused: Amount;
  readonly things: readonly Thing[];
  readonly isWhole: boolean;
  readonly problems: number;
}

function duText({ usage, unused, things, isWhole, problems }: Shown, shownAs: (path: string) => string): string {
  const rows = things.map(({ path, from, size, ownBytes }) => [
    formatSize(size),
    formatSize(ownBytes),
    shownAs(path),
    from,
  ]);
  const sum = (of: (thing: Thing) => number): string => formatSize(things.reduce((all, each) => all + of(each), 0));
  const total = [sum(({ size }) => size), sum(({ ownBytes }) => ownBytes), `total of ${things.length}`];
  const table =
    things.length === 0
      ? problems > 0
        ? 'Of what is tracked, nothing could be read.'
        : 'Nothing is tracked yet.'
      : renderTable({ header: ['SIZE', 'ALONE', 'PATH', 'TRACKED BY'], rows: [...rows, total] });
  const notes =
    problems === 0 ? [] : [`${plural(problems, 'problem')} kept locks or pointers from being read (--json).`];
  if (!isWhole) return [table, ...notes].join('\n');
  const { loose, packed, runs, quarantine, trash, tmp } = usage;
  const kinds: [string, Amount, string][] = [
    ['loose', loose, plural(loose.count, 'object')],
    ['packed', packed, `${plural(packed.count, 'object')} in ${plural(packed.packs, 'pack')}`],
    ['run records', runs, plural(runs.count, 'record')],
    ['quarantine', quarantine, plural(quarantine.count, 'file')],
    ['trash', trash, plural(trash.count, 'file')],
    ['unfinished', tmp, plural(tmp.count, 'file')],
  ];
  const cache = renderTable({
    header: ['CACHE', '', ''],
    rows: [
      ...kinds.filter(([, { count }]) => count > 0).map(([name, { bytes }, what]) => [name, formatSize(bytes), what]),
      ['total', formatSize(totalOf(usage)), ''],
    ],
  });
  const other =
    unused.count === 0
      ? []
      : [
          `${plural(unused.count, 'object')} (${formatSize(unused.bytes)}) are for other revisions, logs, or nothing at all: see \`pipe gc --dry\`.`,
        ];
  return [table, '', cache, ...other, ...notes].join('\n');
}
