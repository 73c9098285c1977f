import { isRecordFile } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import { readRevisionFiles } from '../project/revision-files.ts';
import type { ChosenCommit } from '../project/revisions.ts';
import type { LockState } from './lock-state.ts';
import type { Needs, ReadPointer } from './needed.ts';
import { collectNeeds } from './needed.ts';
import { WORKSPACE, addWorkspace } from './workspace-needs.ts';

export { WORKSPACE } from './workspace-needs.ts';

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
