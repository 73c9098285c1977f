import { join } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import type { OptionChange } from '../project/config-change.ts';
import { changeOptions } from '../project/config-change.ts';
import type { ConfigFile } from '../project/config-file.ts';
import { foreign, givesAway, readUnexpanded, secretHint, secretInProject } from '../project/config-file.ts';
import type { Level } from '../project/config-level.ts';
import { LEVELS } from '../project/config-level.ts';
import type { OptionContent, OptionSpec } from '../project/option.ts';
import { ensurePipeFolder } from '../project/pipe-folder.ts';
import { findRoot, requireRoot } from '../project/project.ts';
import type { Context } from './command.ts';
import { originOf, settingsOf } from './config.ts';
import { remotesAt } from './remote-options.ts';

/** Changes the config file of a level: all of it, or nothing. */
export function changeLevel(
  context: Context,
  level: Level,
  changes: (before: ConfigFile) => readonly OptionChange[],
): void {
  if (level === 'project' || level === 'local') ensurePipeFolder(join(requireRoot(context.cwd), '.pipe'));
  changeOptions(originOf(context, level), changes);
}

/**
 * The levels that a remote of a level has options at: what `--local` keeps of one of the project (secrets, say) goes
 * with it, unless that has a URL of its own.
 */
export function alsoLocal(context: Context, level: Level, remote: string): readonly Level[] {
  if (level !== 'project') return [level];
  const local = settingsOf(context, 'local').map(({ name }) => name);
  const isOwn = local.includes(`remote.${remote}.url`);
  return !isOwn && local.some((name) => name.startsWith(`remote.${remote}.`)) ? ['project', 'local'] : ['project'];
}

/**
 * Refuses a name under which this machine keeps options, secrets perhaps: they would go to wherever the new remote of the
 * project is.
 * @throws {PipeError} PIPE_USAGE
 */
export function refuseKept(context: Context, level: Level, remote: string): void {
  if (level !== 'project' || !remotesAt(context, 'local').includes(remote)) return;
  const message = `options of a remote "${remote}" are kept on this machine already`;
  throw new PipeError({ code: 'PIPE_USAGE', message, hint: `take them out first: \`pipe remote remove --local ${remote}\`` }); // prettier-ignore
}

/** What the options of a remote are called in a file, those that nothing knows included. */
export function optionsIn(file: ConfigFile, remote: string): string[] {
  return [...file.names].filter((name) => name.startsWith(`remote.${remote}.`));
}

/** A value for an option of a remote, as it was given. */
interface Given {
  readonly level: Level;
  readonly remote: string;
  readonly option: string;
  readonly spec: OptionSpec;
  readonly value: string;
}

/**
 * What an option holds for a text of the command line.
 * @throws {PipeError} PIPE_CONFIG_VALUE; PIPE_CONFIG_SECRET with the command that keeps it on this machine
 */
export function contentFor({ level, remote, option, spec, value }: Given): OptionContent {
  const name = `remote.${remote}.${option}`;
  if (level === 'project' && givesAway(spec, value)) {
    const hint = secretHint(spec.secret !== true, `pipe remote modify --local ${remote} ${option} …`);
    throw new PipeError({ ...secretInProject(name, spec), hint });
  }
  if (level === 'project' && spec.own === true) {
    throw new PipeError({ ...foreign(name), hint: `set it on this machine: \`pipe remote modify --local ${remote} ${option} …\`` }); // prettier-ignore
  }
  const read = readUnexpanded(spec, value);
  if ('content' in read) return read.content;
  throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message: `${name} cannot hold this: ${read.wrong}` });
}

/**
 * Lets the default remote be another one, or none, where it was `from`: at a level and at stronger ones, which would
 * name a remote that is not there. Nothing changes while another level still says where that remote is.
 */
export function moveDefault(context: Context, level: Level, { from, to }: { from: string; to?: string }): void {
  if (settingsOf(context, undefined).some(({ name }) => name === `remote.${from}.url`)) return;
  const isInProject = findRoot(context.cwd) !== undefined;
  for (const each of LEVELS.slice(LEVELS.indexOf(level))) {
    if ((each === 'project' || each === 'local') && !isInProject) continue;
    const held = settingsOf(context, each).findLast(({ name }) => name === 'core.remote')?.content;
    if (held !== from) continue;
    changeLevel(context, each, () => [{ name: 'core.remote', ...(to === undefined ? {} : { content: to }) }]);
  }
}
