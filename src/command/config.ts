import { join } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import type { Config, ConfigPlaces } from '../project/config.ts';
import { configOrigin, openConfig } from '../project/config.ts';
import type { OptionChange } from '../project/config-change.ts';
import { changeOptions } from '../project/config-change.ts';
import type { ConfigOrigin, Setting } from '../project/config-file.ts';
import {
  foreign,
  givesAway,
  readConfigFile,
  readUnexpanded,
  secretInProject,
  unknownOption,
} from '../project/config-file.ts';
import type { Level } from '../project/config-level.ts';
import { LEVELS } from '../project/config-level.ts';
import type { OptionContent, OptionSpec } from '../project/option.ts';
import { optionOf, OPTIONS, REMOTE_OPTIONS, SIGNER_OPTION } from '../project/option.ts';
import { isPlaceholder } from '../project/option-value.ts';
import { withOrigin } from '../project/password-origin.ts';
import { ensurePipeFolder } from '../project/pipe-folder.ts';
import { findRoot, requireRoot } from '../project/project.ts';
import type { Context, OptionSpecs, Outcome } from './command.ts';
import { defineCommand } from './command.ts';

const options = {
  system: { type: 'boolean', help: 'for everyone on this machine' },
  global: { type: 'boolean', help: 'for you, in all projects' },
  project: { type: 'boolean', help: 'for this project; what is set goes here by itself' },
  local: { type: 'boolean', help: 'for this project on this machine; Git ignores it' },
  unset: { type: 'boolean', short: 'u', help: 'take an option out' },
  list: { type: 'boolean', short: 'l', help: 'list what is set' },
  'show-origin': { type: 'boolean', help: 'say which file each value comes from' },
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '[name] [value]',
  positionals: { min: 0, max: 2 },
  json: true,
  details: [
    'Prints what an option holds, or sets it. Of the levels, local beats project, project global, and global system.',
    '',
    'Options:',
    ...optionLines(OPTIONS, ''),
    ...optionLines({ '<name>': SIGNER_OPTION }, 'signers.'),
    ...optionLines(REMOTE_OPTIONS, 'remote.<name>.'),
  ].join('\n'),
  options,
  run(context, { positionals: [name, value], options: given }) {
    const level = levelOf(given);
    if (given.list === true) {
      if (name !== undefined || given.unset === true) throw usage('pipe config --list takes no option and no value');
      return Promise.resolve(list(context, level, given['show-origin'] === true));
    }
    if (name === undefined) throw usage('pipe config needs the name of an option, or --list');
    const spec = optionOf(name);
    if (given.unset === true) {
      if (value !== undefined) throw usage('pipe config --unset takes no value');
      return Promise.resolve(change(context, { level, name }));
    }
    if (spec === undefined) throw new PipeError(unknownOption(name));
    if (value === undefined)
      return Promise.resolve(show(context, { level, name, spec, origin: given['show-origin'] === true }));
    return Promise.resolve(change(context, { level, name, content: checkedContent(name, spec, value) }));
  },
});

function optionLines(table: Readonly<Record<string, OptionSpec>>, prefix: string): string[] {
  const names = Object.keys(table).map((name) => prefix + name);
  const width = Math.max(...names.map((name) => name.length));
  return Object.values(table).map((spec, at) => `  ${(names[at] ?? '').padEnd(width)}  ${spec.help}`);
}

/** The level that a command was given, if any. */
export function levelOf(given: Readonly<Partial<Record<Level, boolean>>>): Level | undefined {
  const [level, second] = LEVELS.filter((each) => given[each] === true);
  if (second !== undefined) throw usage('--system, --global, --project and --local cannot be combined');
  return level;
}

/** The levels outside a project are of use without one. The config of a project may be what is to be mended. */
function placesOf({ cwd, env }: Context, level: Level | undefined): ConfigPlaces {
  if (level === 'system' || level === 'global') return { env };
  const root = level === undefined ? findRoot(cwd) : requireRoot(cwd);
  return root === undefined ? { env } : { env, root, pipeDir: join(root, '.pipe') };
}

/** The config file of a level. */
export function originOf(context: Context, level: Level): ConfigOrigin {
  const origin = configOrigin(level, placesOf(context, level));
  if (origin === undefined) throw new Error(`no file for level ${level}`);
  return origin;
}

/** The configuration of all levels, of the project around or of none. */
export function configOf(context: Context): Config {
  return openConfig(placesOf(context, undefined));
}

/** What is set, at a level or at all of them; the stronger levels last. */
export function settingsOf(context: Context, level: Level | undefined): readonly Setting[] {
  if (level === undefined) return configOf(context).settings();
  const { settings, problems } = readConfigFile(originOf(context, level));
  if (problems.length > 0) throw new PipeError(problems);
  return settings;
}

function list(context: Context, level: Level | undefined, withOrigin: boolean): Outcome {
  const all = settingsOf(context, level);
  const settings = all.filter(({ name }, at) => all.findLastIndex((each) => each.name === name) === at);
  const origin = ({ at }: Setting): string => (withOrigin ? `${at.source.file}\t` : '');
  return {
    text: settings.map((each) => `${origin(each)}${each.name}=${textOf(discreet(each))}`).join('\n'),
    json: {
      schema: 'pipe.config/1',
      settings: settings.map((each) => ({
        name: each.name,
        value: discreet(each),
        level: each.level,
        file: each.at.source.file,
      })),
    },
  };
}

/** Lists end up in bug reports. */
function discreet({ content, spec }: Setting): OptionContent {
  const text = textOf(content);
  if (spec.secret === true) return isPlaceholder(text) ? content : '***';
  return givesAway(spec, text) ? text.replace(/(:\/\/[^/@:]*:)[^/@]+(?=@)/g, '$1***') : content;
}

interface Shown {
  readonly level: Level | undefined;
  readonly name: string;
  readonly spec: OptionSpec;
  readonly origin: boolean;
}

function show(context: Context, { level, name, spec, origin }: Shown): Outcome {
  const setting = settingsOf(context, level).findLast((each) => each.name === name);
  if (setting === undefined) {
    throw new PipeError({
      code: 'PIPE_CONFIG_UNSET',
      message: `${name} is not set${level === undefined ? '' : ` at the ${level} level`}`,
      ...(spec.default === undefined ? {} : { hint: `its default is ${textOf(spec.default)}` }),
    });
  }
  const { content, at } = setting;
  return {
    text: `${origin ? `${at.source.file}\t` : ''}${textOf(content)}`,
    json: {
      schema: 'pipe.config/1',
      settings: [{ name, value: content, level: setting.level, file: at.source.file }],
    },
  };
}

function checkedContent(name: string, spec: OptionSpec, value: string): OptionContent {
  const read = readUnexpanded(spec, value);
  if ('content' in read) return read.content;
  throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message: `${name} cannot hold this: ${read.wrong}` });
}

interface Change {
  readonly level: Level | undefined;
  readonly name: string;
  readonly content?: OptionContent;
}

/** Sets an option, or takes it out when there is no content; at the level of the project unless told otherwise. */
export function change(context: Context, { level: given, name, content }: Change): Outcome {
  const level = given ?? 'project';
  const origin = originOf(context, level);
  const spec = optionOf(name);
  if (level === 'project' && content !== undefined && spec !== undefined && givesAway(spec, textOf(content))) {
    throw new PipeError(secretInProject(name, spec));
  }
  if (level === 'project' && content !== undefined && spec?.own === true) throw new PipeError(foreign(name));
  if (level === 'project' || level === 'local') ensurePipeFolder(join(requireRoot(context.cwd), '.pipe'));
  const changed: OptionChange = { name, ...(content === undefined ? {} : { content }) };
  changeOptions(origin, (before) => withOrigin(changed, { level, before, config: () => configOf(context) }));
  const json = { schema: 'pipe.config/1', changed: { name, level, file: origin.label, set: content !== undefined } };
  return { text: '', json };
}

function textOf(content: OptionContent): string {
  return typeof content === 'object' ? content.join(',') : String(content);
}

function usage(message: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, hint: 'run `pipe config --help`' });
}
