import type { Tracked } from '../../data/tracked.ts';
import type { Selected } from '../../data/select.ts';
import { pathOf } from '../../data/select.ts';
import { globMatcher } from '../../graph/glob.ts';
import { isWithin } from '../../kit/path.ts';
import type { LockBlock } from '../../lockfile/block.ts';
import type { Stage } from '../../pipeline/model.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Problem } from '../../problem/problem.ts';
import { chooseRevisions } from '../../project/revisions.ts';
import type { Context } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { selectData } from '../data-project.ts';
import { inProject } from '../edit-target.ts';
import { withDeps } from '../with-deps.ts';
import type { ShareValues } from './options.ts';
import { rootsOfRevisions } from './revision-roots.ts';
import type { SharedThing } from './thing.ts';
import { pointerSharing, sharingOf } from './thing.ts';

export interface SharedThings {
  readonly things: readonly SharedThing[];
  /** What locks say of the stages that are selected. */
  readonly blocks: readonly SharedBlock[];
  /** What cannot be read at some revisions. */
  readonly problems: readonly Problem[];
}

/** What a lock says of a stage. */
export interface SharedBlock {
  readonly block: LockBlock;
  /** Outs that Git keeps and that may be pushed with a run record, as the lock calls them. */
  readonly inGit: ReadonlySet<string>;
}

/**
 * What a command line selects, in the workspace and at the revisions that it asks for.
 * @throws {PipeError} PIPE_TARGET_UNKNOWN, PIPE_GIT_REVISION
 */
export async function sharedThings(
  data: DataProject,
  {
    context,
    targets,
    options,
  }: { readonly context: Context; readonly targets: readonly string[]; readonly options: ShareValues },
): Promise<SharedThings> {
  const { root } = data.engine.project;
  const chosen = choose(data, { context, targets, options });
  const selected = options['with-deps'] === true ? withDeps(data, chosen) : chosen;
  const things = selected.flatMap(thingOf);
  const blocks = blocksOf(data, targets.length === 0 ? data.loaded.stages : stagesOf(selected));
  const kinds = {
    branches: options['all-branches'] === true,
    tags: options['all-tags'] === true,
    commits: options['all-commits'] === true,
  };
  const { rev: revisions = [] } = options;
  if (revisions.length === 0 && !Object.values(kinds).includes(true)) return { things, blocks, problems: [] };
  const commits = await chooseRevisions({ cwd: root, env: context.env }, { revisions, ...kinds });
  const old = await rootsOfRevisions(data.engine, commits);
  const paths = selected.map(pathOf);
  const isMeant = (path: string): boolean => targets.length === 0 || paths.some((each) => isWithin(each, path));
  const known = new Set(things.map((each) => `${each.path}\0${each.entry.digest}`));
  const more = old.things.filter(({ path, entry }) => isMeant(path) && !known.has(`${path}\0${entry.digest}`));
  return { things: [...things, ...more], blocks: [...blocks, ...old.blocks], problems: old.problems };
}

function choose(
  data: DataProject,
  {
    context,
    targets,
    options,
  }: { readonly context: Context; readonly targets: readonly string[]; readonly options: ShareValues },
): Selected[] {
  const { cwd } = context;
  if (options.glob !== true || targets.length === 0)
    return selectData(data, targets, { cwd, recursive: options.recursive });
  const { root } = data.engine.project;
  const found = new Map<string, Selected>();
  for (const target of targets) {
    const matches = globMatcher(inProject({ root, cwd }, target));
    const matching = data.tracked.filter((tracked) => namesOf(tracked).some((name) => matches(name)));
    if (matching.length === 0) {
      const hint = 'quote the pattern, so that the shell leaves it alone';
      throw new PipeError({ code: 'PIPE_TARGET_UNKNOWN', message: `nothing tracked matches ${target}`, hint });
    }
    for (const tracked of matching) found.set(tracked.path, { tracked, below: '' });
  }
  return [...found.values()];
}

/** The stages of which an out is selected as a whole. */
function stagesOf(selected: readonly Selected[]): Stage[] {
  const whole = selected.filter(({ below }) => below === '');
  return [...new Set(whole.flatMap(({ tracked: { owner } }) => (owner.kind === 'stage' ? [owner.stage] : [])))];
}

/** What the locks say of stages. */
function blocksOf({ engine }: DataProject, stages: readonly Stage[]): SharedBlock[] {
  return stages.flatMap((stage) => {
    const block = engine.locks.block(stage);
    const inGit = stage.outs.filter(({ cache, push }) => !cache && push).map(({ as }) => as);
    return block === undefined ? [] : [{ block, inGit: new Set(inGit) }];
  });
}

/** What a target with a pattern is compared with. */
export function namesOf({ path, owner }: Tracked): string[] {
  return owner.kind === 'pointer' ? [path, owner.pointer.file] : [path, owner.stage.name, owner.stage.address];
}

/** Something of the workspace as it is shared; nothing of an out that was never made. */
export function thingOf(selected: Selected): SharedThing[] {
  const { tracked, below } = selected;
  const { entry, path, owner } = tracked;
  if (entry === undefined) return [];
  if (owner.kind === 'pointer') {
    const { file, pointer } = owner.pointer;
    const { imported } = pointer;
    const sharing = pointerSharing(pointer);
    return [{ entry, path, below, from: file, sharing, selected, ...(imported === undefined ? {} : { imported }) }];
  }
  const out = owner.stage.outs.find((each) => each.path === path);
  return [{ entry, path, below, from: owner.stage.address, sharing: sharingOf(out ?? {}), selected }];
}
