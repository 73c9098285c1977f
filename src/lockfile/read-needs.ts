import { isRecordFile } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import { readRevisionFiles } from '../project/revision-files.ts';
import { readStagedFiles } from '../project/staged-files.ts';
import type { ChosenCommit } from '../project/revisions.ts';
import type { LockState } from './lock-state.ts';
import type { Needs, ReadPointer } from './needed.ts';
import { collectNeeds } from './needed.ts';
import { WORKSPACE, addWorkspace } from './workspace-needs.ts';

export { WORKSPACE } from './workspace-needs.ts';

/** The name of what is staged among revisions. */
const STAGED = 'staged';

export interface NeedsWanted {
  readonly project: Project;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readPointer: ReadPointer;
  readonly commits: readonly ChosenCommit[];
  /** Also what the locks, journals and pointers of the workspace say. */
  readonly workspace?: LockState;
  /** Also what those say that are staged, and may be all that the next commit has. */
  readonly staged?: boolean;
}

/**
 * What the locks and pointers of revisions, and of the workspace, say lies where. What cannot be understood is told in
 * `problems`, never left out.
 * @throws {PipeError} PIPE_GIT when Git fails.
 */
export async function readNeeds({
  project,
  env,
  readPointer,
  commits,
  workspace,
  staged,
}: NeedsWanted): Promise<Needs> {
  const collector = collectNeeds(readPointer);
  const command = { cwd: project.root, env };
  // By number: what is staged, the workspace, all commits.
  if (staged === true && project.gitRoot !== undefined) {
    await readStagedFiles(command, isRecordFile, (file) => {
      collector.add({ ...file, revisions: [[-2, -1]] });
    });
  }
  if (workspace !== undefined) addWorkspace(collector, { project, locks: workspace, revisions: [[-1, 0]] });
  const ids = commits.map(({ commit }) => commit);
  await readRevisionFiles({ command, commits: ids, isWanted: isRecordFile }, (file) => {
    collector.add({ path: file.path, content: file.content, revisions: file.commits });
  });
  return collector.needs((number) => commits[number]?.names.join(',') ?? (number === -1 ? WORKSPACE : STAGED));
}
