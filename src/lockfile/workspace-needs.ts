import { join, posix } from 'node:path';
import type { Ranges } from '../kit/ranges.ts';
import { readTextFile } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import { findProjectFiles, findRecordFiles, unreadableFolder } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import { lockPathOf } from './lock.ts';
import type { LockState } from './lock-state.ts';
import type { NeedCollector, Needs, ReadPointer, RecordFile } from './needed.ts';
import { collectNeeds } from './needed.ts';

/** The name of the workspace among revisions. */
export const WORKSPACE = 'workspace';

/** What the locks, journals and pointers of the workspace say lies where, read without waiting for anything. */
export function readWorkspaceNeeds(
  workspace: Pick<Workspace, 'project' | 'locks'> & { readonly readPointer: ReadPointer },
): Needs {
  const collector = collectNeeds(workspace.readPointer);
  addWorkspace(collector, { ...workspace, revisions: [[-1, 0]] });
  return collector.needs(() => WORKSPACE);
}

interface Workspace {
  readonly project: Project;
  readonly locks: LockState;
  readonly revisions: Ranges;
}

/** Adds the same to what is known of other revisions. */
export function addWorkspace(collector: NeedCollector, { project, locks, revisions }: Workspace): void {
  // A lock may have no more than a journal yet, and may have lost its pipeline file.
  const { pipelines, unreadable } = findProjectFiles(project);
  for (const path of unreadable) collector.add({ path, content: { fault: [unreadableFolder(path)] }, revisions });
  const files = new Set([...pipelines.map(lockPathOf), ...findRecordFiles(project)]);
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
