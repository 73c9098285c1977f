import { withTrueSizes } from '../../data/misstated.ts';
import { posix } from 'node:path';
import type { Sharing } from '../../lockfile/needed.ts';
import type { LockBlock } from '../../lockfile/block.ts';
import { blockText } from '../../lockfile/block.ts';
import { lockPathOf, parseLock } from '../../lockfile/lock.ts';
import { revisionSnapshot } from '../../metric/snapshot.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { openGit } from '../../project/git.ts';
import { readRevisionFiles } from '../../project/revision-files.ts';
import type { ChosenCommit } from '../../project/revisions.ts';
import { numbersIn } from '../../kit/ranges.ts';
import type { Engine } from '../../run/engine.ts';
import { loadThrough } from '../load-through.ts';
import { needsOf } from '../upkeep/project-store.ts';
import type { SharedThing } from './thing.ts';
import { sharingOf } from './thing.ts';

/** A pipeline file that never uses one of these words keeps nothing from being pushed. */
const SHARING = /\b(?:push|remote)\b/;

/** What is shared of commits. */
export interface RevisionRoots {
  readonly things: readonly SharedThing[];
  /** What the locks say of stages. */
  readonly blocks: readonly { readonly block: LockBlock; readonly inGit: ReadonlySet<string> }[];
  readonly problems: readonly Problem[];
}

/**
 * What the locks and pointers of commits say lies where, and what was said of sharing it. What any of the commits keeps
 * from being pushed counts as kept; so do the outs of a pipeline file that cannot be read there.
 */
export async function rootsOfRevisions(engine: Engine, commits: readonly ChosenCommit[]): Promise<RevisionRoots> {
  const needs = withTrueSizes(engine.store, await needsOf(engine, commits, { workspace: false }));
  const flags = await sharingAt(engine, commits);
  const things = needs.roots.map(({ entry, path, from, file, stage, sharing, revisions }): SharedThing => {
    const said = stage === undefined ? (sharing ?? {}) : flags.of({ file, path }, revisions);
    return { entry, path, below: '', from, sharing: sharingOf(said) };
  });
  const problems = needs.problems.map(({ problem, revisions }) => {
    return { ...problem, message: `${problem.message} (${revisions.slice(0, 3).join(', ')})` };
  });
  return { things: keptByAny(things), blocks: await blocksAt(engine, commits), problems };
}

/** What one of several pointers of a path keeps from being pushed is kept, whatever the others say of the same bytes. */
function keptByAny(things: readonly SharedThing[]): SharedThing[] {
  const idOf = ({ path, entry }: SharedThing): string => `${path}\0${entry.digest}`;
  const kept = new Set(things.flatMap((thing) => (thing.sharing.push === false ? [idOf(thing)] : [])));
  return things.map((thing) =>
    kept.has(idOf(thing)) ? { ...thing, sharing: { ...thing.sharing, push: false } } : thing,
  );
}

/** Every block of every lock, each once. Locks that cannot be read have been told of. */
async function blocksAt({ project, env }: Engine, commits: readonly ChosenCommit[]): Promise<RevisionRoots['blocks']> {
  const found = new Map<string, LockBlock>();
  const ids = commits.map(({ commit }) => commit);
  const isWanted = (name: string): boolean => name === 'pipeline.lock';
  await readRevisionFiles({ command: { cwd: project.root, env }, commits: ids, isWanted }, ({ content, path }) => {
    if (!('text' in content)) return;
    for (const block of blocksIn(content.text, path)) found.set(blockText(block), block);
  });
  return [...found.values()].map((block) => ({ block, inGit: new Set() }));
}

function blocksIn(text: string, path: string): LockBlock[] {
  try {
    return [...parseLock(text, path).values()];
  } catch (error) {
    if (error instanceof PipeError) return [];
    throw error;
  }
}

interface SharingAt {
  /** What was said of an out by any of some revisions, which are known by name. */
  readonly of: (out: { readonly file: string; readonly path: string }, revisions: readonly string[]) => Sharing;
}

const KEPT: Sharing = { push: false };

async function sharingAt({ project, env }: Engine, commits: readonly ChosenCommit[]): Promise<SharingAt> {
  const command = { cwd: project.root, env };
  const ids = commits.map(({ commit }) => commit);
  const suspects = new Set<number>();
  const isPipeline = (name: string): boolean => ['pipeline.yaml', 'dvc.yaml'].includes(posix.basename(name));
  await readRevisionFiles({ command, commits: ids, isWanted: isPipeline }, ({ content, commits: at }) => {
    if ('text' in content && !SHARING.test(content.text)) return;
    for (const number of numbersIn(at)) suspects.add(number);
  });
  const git = openGit(project.root, env);
  /** By the name of the revision, then by path; of a lock that nobody can tell of, by that. */
  const said = new Map<string, Map<string, Sharing>>();
  for (const number of suspects) {
    const { commit, names } = commits[number] ?? { commit: '', names: [] };
    const label = names.join(',');
    const { pipelines, problems } = await revisionSnapshot({
      git,
      commit,
      label,
      load: (options) => loadThrough(project, { ...options, env }),
    });
    const outs = pipelines.flatMap(({ stages }) => stages.flatMap((stage) => stage.outs));
    const found = new Map(outs.map((out): [string, Sharing] => [out.path, sharingOf(out)]));
    for (const { at } of problems) if (at !== undefined) found.set(lockPathOf(at.source.file), KEPT);
    said.set(label, found);
  }
  return {
    of({ file, path }, revisions) {
      const all = revisions.flatMap((name) => said.get(name)?.get(path) ?? said.get(name)?.get(file) ?? []);
      return all.find(({ push }) => push === false) ?? all.find(({ remote }) => remote !== undefined) ?? {};
    },
  };
}
