import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { commandOf, isFromGit, sentBy } from '../project/install/run-hook.ts';
import { installedProjects } from '../project/install/git-settings.ts';
import { sentCommits } from '../project/install/sent-commits.ts';
import { findGitRoot, findRoot, openProject } from '../project/project.ts';
import { dataRemotes } from '../remote/open-remote.ts';
import { isTerminal } from '../report/style.ts';
import type { Command, Context } from './command.ts';
import { defineCommand } from './command.ts';

interface ListedCommand {
  readonly name: string;
}

/**
 * What Git's hooks call (docs/commands/install.md). Which hook runs what is decided here, so that the scripts in a
 * repository never need to change; what this `pipe` does not know yet, it leaves out without a word.
 */
export function gitHookOf(commands: () => readonly ListedCommand[]): Command {
  return defineCommand({
    usage: '<hook> [args...]',
    positionals: { min: 1, max: Infinity, rest: true },
    json: false,
    options: {},
    async run(context, { positionals: [name = '', ...args] }) {
      const gitRoot = findGitRoot(context.cwd);
      if (gitRoot === undefined) return {};
      const command = commandOf({ name, args, env: context.env, gitRoot });
      if (command === undefined || !commands().some((each) => each.name === command)) return {};
      const projects = await projectsOf(gitRoot, context);
      const wanted = command === 'push' ? projects.filter((cwd) => hasRemote({ cwd, env: context.env })) : projects;
      const runs = command === 'push' && wanted.length > 0 ? await pushFlags(context, { gitRoot, args }) : FLAGS[command]; // prettier-ignore
      return { next: wanted.flatMap((folder) => runs.map((flags) => ['--cd', folder, command, ...flags])) };
    },
  });
}

/** Git has switched by then, and data that nobody has fetched yet is no reason to say that it failed. */
const FLAGS = { checkout: [['--allow-missing']], status: [[]], push: [[]] } as const;

interface PrePush {
  readonly gitRoot: string;
  readonly args: readonly string[];
}

/**
 * The flags of the pushes for what Git is about to send; none where it only deletes. What refs stand at must be there.
 * What older commits need and nobody has any more, as after `pipe gc`, keeps nobody from pushing what came of them.
 */
async function pushFlags({ stdin, env }: Context, { gitRoot, args }: PrePush): Promise<string[][]> {
  const sent = sentBy({ args, env }, isFromGit(args) && env['PIPE_HOOK_INPUT'] === '1' ? await linesOf(stdin) : []);
  if (sent === undefined) return [[]];
  if (sent.tips.length === 0) return [];
  const { tips, older } = await sentCommits({ cwd: gitRoot, env }, sent);
  if (tips.length + older.length === 0) return [];
  const named = (commits: readonly string[]): string[] => commits.flatMap((commit) => ['--rev', commit]);
  return [named(tips), ...(older.length > 0 ? [['--allow-missing', ...named([...tips, ...older])]] : [])];
}

/**
 * What Git says, where our lines in the hook hand it on (`PIPE_HOOK_INPUT`): in a hook of somebody else it is for what stands
 * below. A terminal is not read.
 */
async function linesOf(stdin: Context['stdin']): Promise<string[]> {
  if (isTerminal(stdin)) return [];
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdin, terminal: false, crlfDelay: Infinity })) lines.push(line);
  return lines;
}

/** Absolute paths of the projects that hooks are for and that are there: another branch may lack them. */
async function projectsOf(gitRoot: string, { env }: Context): Promise<string[]> {
  const named = await installedProjects({ cwd: gitRoot, env });
  const folders = (named.length > 0 ? named : ['.']).map((name) => join(gitRoot, name));
  return [...new Set(folders)].filter((folder) => isProject(folder));
}

function isProject(folder: string): boolean {
  try {
    return findRoot(folder) === folder;
  } catch {
    return false; // the folder is not there
  }
}

/** Without a remote there is nowhere to push to, and no reason to stop `git push`. */
function hasRemote(surroundings: Pick<Context, 'cwd' | 'env'>): boolean {
  const { config } = openProject(surroundings);
  return config.get('core.remote') !== undefined || dataRemotes(config).length > 0;
}
