import type { Git } from '../project/git.ts';

/** A commit with the names it is shown by. */
export interface NamedCommit {
  readonly commit: string;
  readonly label: string;
}

export interface RevisionChoice {
  readonly branches: boolean;
  readonly tags: boolean;
  readonly commits: boolean;
}

/** How many digits of a commit's id are shown. */
const SHORT = 7;

/** The commits that are asked for, each once, named after its branches and tags. */
export async function chooseCommits(git: Git, choice: RevisionChoice): Promise<NamedCommit[]> {
  const refs = [
    ...(choice.branches || choice.commits ? await git.branches() : []),
    ...(choice.tags || choice.commits ? await git.tags() : []),
  ];
  const names = new Map<string, string[]>();
  for (const { name, commit } of refs) names.set(commit, [...(names.get(commit) ?? []), name]);
  if (choice.commits) {
    for (const commit of await git.commits()) if (!names.has(commit)) names.set(commit, [commit.slice(0, SHORT)]);
  }
  return [...names].map(([commit, labels]) => ({ commit, label: labels.join(',') }));
}
