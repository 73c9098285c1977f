import { withTrueSizes } from '../data/misstated.ts';
import { isWithin } from '../kit/path.ts';
import type { Needs } from '../lockfile/needed.ts';
import { PipeError } from '../problem/problem.ts';
import { chooseRevisions } from '../project/revisions.ts';
import type { Engine } from '../run/engine.ts';
import type { Entry } from '../store/tree.ts';
import { filesOf } from '../store/tree.ts';
import type { ObjectSizes, ThingUsage } from '../store/usage.ts';
import { storeUsage } from '../store/usage.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { inProject, shownFrom } from './edit-target.ts';
import type { Measured, MeasuredThing } from './upkeep/present-du.ts';
import { sumsText, totalOf, usageText } from './upkeep/present-du.ts';
import { needsOf, openStoreOf } from './upkeep/project-store.ts';
import { tellCorrected } from './tell-corrected.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Says what the cache takes on the disk, and of each out and tracked file how large it is and how much of the cache\n' +
    'it alone needs. Targets are paths: these, and what lies below them.',
  options: {
    summarize: { type: 'boolean', short: 's', help: 'one line for each target, or for all that is tracked' },
    rev: { type: 'string', value: 'REV', help: 'what this Git revision tracks, instead of the workspace' },
  },
  async run(context, { positionals, options: { rev, summarize } }): Promise<Outcome> {
    const engine = await openStoreOf(context);
    const here = { root: engine.project.root, cwd: context.cwd };
    const { usage, sizes } = storeUsage(engine.store.layout, engine.blake3);
    const needs = withTrueSizes(sizes, await neededAt(engine, rev), tellCorrected);
    const targets = positionals.map((target) => inProject(here, target));
    refuseUnknown(targets, { asked: positionals, needs, rev });
    const things = measure(sizes, { needs, targets });
    const sums = summarize === true ? addUp(sizes, { needs, targets }) : undefined;
    const { problems } = needs;
    const unused = sizes.unused();
    return {
      text: sums
        ? sumsText(sums, problems, shownFrom(here))
        : usageText({ usage, unused, things, isWhole: targets.length === 0, problems }, shownFrom(here)),
      json: {
        schema: 'pipe.du/1',
        rev: rev ?? null,
        cache: { folder: engine.store.layout.root, ...usage, total: totalOf(usage) },
        things,
        ...(sums === undefined ? {} : { sums }),
        others: { objects: unused.count, bytes: unused.bytes },
        problems: problems.map(({ problem: { code, message, hint }, file }) => {
          return { code, message, file, ...(hint === undefined ? {} : { hint }) };
        }),
      },
    };
  },
});

/** What the workspace needs, or a revision in its place. */
async function neededAt(engine: Engine, rev: string | undefined): Promise<Needs> {
  if (rev === undefined) return needsOf(engine, []);
  const commits = await chooseRevisions({ cwd: engine.project.root, env: engine.env }, { revisions: [rev] });
  return needsOf(engine, commits, { workspace: false });
}

function refuseUnknown(
  targets: readonly string[],
  { asked, needs: { roots }, rev }: { readonly asked: readonly string[]; readonly needs: Needs; readonly rev: string | undefined }, // prettier-ignore
): void {
  for (const [at, target] of targets.entries()) {
    if (target === '.' || roots.some(({ path }) => isWithin(target, path))) continue;
    const name = asked[at] ?? '';
    const around = roots.find(({ path }) => isWithin(path, target));
    const where = rev === undefined ? '' : ` at ${rev}`;
    throw new PipeError({
      code: 'PIPE_TARGET_UNKNOWN',
      message:
        around === undefined
          ? `nothing is tracked at ${name} or below it${where}`
          : `${name} lies inside ${around.path}, which is measured as a whole`,
      hint: around === undefined ? `run \`pipe du${rev === undefined ? '' : ` --rev ${rev}`}\` to see what is` : `run \`pipe du ${around.path}\``, // prettier-ignore
    });
  }
}

/** Measures things one by one. */
function measure(
  sizes: ObjectSizes,
  { needs: { roots }, targets }: { readonly needs: Needs; readonly targets: readonly string[] },
): MeasuredThing[] {
  // All of them, whatever the targets: what others need too is not needed by one alone.
  const alone = sizes.use(roots);
  return roots
    .map(({ path, from, entry }, at) => ({ path, from, ...amountOf(entry), ...(alone[at] ?? NOTHING) }))
    .filter(({ path }) => targets.length === 0 || targets.some((target) => isMeant(target, path)))
    .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
}

/** Measures what targets stand for as a whole: each, or all that is tracked. */
function addUp(
  sizes: ObjectSizes,
  { needs: { roots }, targets }: { readonly needs: Needs; readonly targets: readonly string[] },
): Measured[] {
  return (targets.length === 0 ? ['.'] : targets).map((target): Measured => {
    const own = sizes.useTogether(roots, ({ path }) => isMeant(target, path));
    const meant = roots.filter(({ path }) => isMeant(target, path)).map(({ entry }) => amountOf(entry));
    const sum = (of: 'size' | 'files'): number => meant.reduce((all, each) => all + each[of], 0);
    return { path: target, size: sum('size'), files: sum('files'), ...own };
  });
}

function isMeant(target: string, path: string): boolean {
  return target === '.' || isWithin(target, path);
}

function amountOf(entry: Entry): { readonly size: number; readonly files: number } {
  return { size: entry.size, files: filesOf(entry) };
}

const NOTHING: ThingUsage = { ownObjects: 0, ownBytes: 0 };
