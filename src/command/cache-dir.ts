import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isWithin } from '../kit/path.ts';
import { PipeError } from '../problem/problem.ts';
import { cacheFolder } from '../project/cache-folder.ts';
import type { Level } from '../project/config-level.ts';
import { hasPlaceholder } from '../project/option-value.ts';
import { findRoot, openProject, requireRoot } from '../project/project.ts';
import type { Context, OptionSpecs, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { change, levelOf, originOf, settingsOf } from './config.ts';

const NAME = 'cache.dir';

const options = {
  global: { type: 'boolean', help: 'for you, in all projects' },
  system: { type: 'boolean', help: 'for everyone on this machine' },
  project: { type: 'boolean', help: 'for this project; what is set goes here by itself' },
  local: { type: 'boolean', help: 'for this project on this machine; Git ignores it' },
  unset: { type: 'boolean', short: 'u', help: 'take the option out' },
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '[folder]',
  positionals: { min: 0, max: 1 },
  json: true,
  details: [
    'Prints the folder of the cache, or sets the option `cache.dir`. A relative folder is relative to the folder that you',
    'are in; it is kept relative to `.pipe`, so that it applies to everyone. Nothing is moved.',
  ].join('\n'),
  options,
  run(context, { positionals: [folder], options: given }) {
    const level = levelOf(given);
    if (folder === '') throw usage('the name of a folder is not empty');
    if (given.unset === true && folder !== undefined) throw usage('pipe cache dir --unset takes no folder');
    if (given.unset === true) return Promise.resolve(changed(context, { level }));
    if (folder === undefined) return Promise.resolve(show(context, level));
    refuseFolder(context, folder);
    return Promise.resolve(changed(context, { level, content: contentOf(context, level, folder) }));
  },
});

function show(context: Context, level: Level | undefined): Outcome {
  const dir = level === undefined ? cacheFolder(openProject(context)) : setAt(context, level);
  return { text: dir, json: { schema: 'pipe.cache-dir/1', dir } };
}

/** A cache is a folder of its own: what lies in it is `pipe`'s, to be removed by `gc`. */
function refuseFolder({ cwd }: Context, folder: string): void {
  if (hasPlaceholder(folder)) return;
  const absolute = resolve(cwd, folder);
  const root = findRoot(cwd);
  const refuse = (why: string): never => {
    throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message: `${folder} cannot be the cache: ${why}`, hint: 'name a folder that holds nothing else' }); // prettier-ignore
  };
  if (root !== undefined && isWithin(absolute, root)) refuse('it holds the project');
  if (root !== undefined && absolute === join(root, '.pipe')) refuse('it holds the configuration of the project');
  if (absolute.split(sep).includes('.git')) refuse('it lies in a folder of Git');
}

/** What one level says, as it would count if no other did. */
function setAt(context: Context, level: Level): string {
  const content = settingsOf(context, level).findLast(({ name }) => name === NAME)?.content;
  if (content === undefined) {
    throw new PipeError({ code: 'PIPE_CONFIG_UNSET', message: `${NAME} is not set at the ${level} level` });
  }
  const text = String(content);
  const isOfProject = level === 'project' || level === 'local';
  return hasPlaceholder(text) || !isOfProject ? text : resolve(dirname(originOf(context, level).path), text);
}

function changed(context: Context, { level, content }: { level: Level | undefined; content?: string }): Outcome {
  change(context, { level, name: NAME, ...(content === undefined ? {} : { content }) });
  const file = originOf(context, level ?? 'project').label;
  const set = content !== undefined;
  return { text: '', json: { schema: 'pipe.cache-dir/1', changed: { level: level ?? 'project', file, set } } };
}

/**
 * What goes into the file. The user's and the machine's files serve all projects, where a relative folder would be
 * another one in each: they get an absolute one. A placeholder at the beginning is nobody's relative folder.
 */
function contentOf({ cwd }: Context, level: Level | undefined, folder: string): string {
  if (isAbsolute(folder) || hasPlaceholder(folder.split(/[\\/]/, 1)[0] ?? '')) return folder;
  const absolute = resolve(cwd, folder);
  if (level === 'global' || level === 'system') return absolute;
  return (
    relative(resolve(requireRoot(cwd), '.pipe'), absolute)
      .split(sep)
      .join('/') || '.'
  );
}

function usage(message: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, hint: 'run `pipe cache dir --help`' });
}
