import { join, posix } from 'node:path';
import type { Ranges } from '../kit/ranges.ts';
import { readTextFile } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import { findProjectFiles, findRecordFiles, isRecordFile } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import { readRevisionFiles } from '../project/revision-files.ts';
import type { ChosenCommit } from '../project/revisions.ts';
import { lockPathOf } from './lock.ts';
import type { LockState } from './lock-state.ts';
import type { NeedCollector, Needs, ReadPointer, RecordFile } from './needed.ts';
import { collectNeeds } from './needed.ts';

/** The name of the workspace among revisions. */
export const WORKSPACE = 'workspace';

export interface NeedsWanted {
  readonly project: Project;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readPointer: ReadPointer;
  readonly commits: readonly ChosenCommit[];
  /** Also what the locks, journals and pointers of the workspace say. */
  readonly workspace?: LockState;
}

/**
 * What the locks and pointers of revisions, and of the workspace, say lies where. What cannot be understood is told in
 * `problems`, never left out.
 * @throws {PipeError} PIPE_GIT when Git fails.
 */
export async function readNeeds({ project, env, readPointer, commits, workspace }: NeedsWanted): Promise<Needs> {
  const collector = collectNeeds(readPointer);
  // The workspace comes before all commits.
  if (workspace !== undefined) addWorkspace(collector, { project, locks: workspace, revisions: [[-1, 0]] });
  const ids = commits.map(({ commit }) => commit);
  const command = { cwd: project.root, env };
  await readRevisionFiles({ command, commits: ids, isWanted: isRecordFile }, (file) => {
    collector.add({ path: file.path, content: file.content, revisions: file.commits });
  });
  return collector.needs((number) => commits[number]?.names.join(',') ?? WORKSPACE);
}

interface Workspace {
  readonly project: Project;
  readonly locks: LockState;
  readonly revisions: Ranges;
}

function addWorkspace(collector: NeedCollector, { project, locks, revisions }: Workspace): void {
  // A lock may have no more than a journal yet, and may have lost its pipeline file.
  const files = new Set([...findProjectFiles(project).pipelines.map(lockPathOf), ...findRecordFiles(project)]);
  for (const path of files) {
    const isLock = posix.basename(path) === 'pipeline.lock';
    const content = readable(() =>
      isLock ? { lock: locks.blocks(path) } : { text: readTextFile(join(project.root, path), path) ?? '' },
    );
    collector.add({ path, content, revisions });
  }
}

function readable(read: () => RecordFile['content']): RecordFile['content'] {
  try {
    return read();
  } catch (error) {
    if (error instanceof PipeError) return { fault: error.problems };
    throw error;
  }
}
