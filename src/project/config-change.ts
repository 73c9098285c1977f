import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic, writeProblem } from '../kit/atomic-file.ts';
import { PipeError } from '../problem/problem.ts';
import { setInText, unsetInText } from './config-edit.ts';
import type { ConfigFile, ConfigOrigin, Setting } from './config-file.ts';
import { readConfigText, readIfThere } from './config-file.ts';
import { withEditLock } from './edit-lock.ts';
import type { OptionContent } from './option.ts';

/** What may hold secrets is for its owner alone. */
const MODES = { system: 0o644, global: 0o600, project: 0o666, local: 0o600 };

/** A change of one option. */
export interface OptionChange {
  readonly name: string;
  /** Absent to take the option out. */
  readonly content?: OptionContent;
}

/** A change of one option in one config file. */
interface ConfigChange extends OptionChange {
  readonly origin: ConfigOrigin;
}

/**
 * Changes options in a config file, all of them or none; the rest of the file stays as it is, comments included. Safe with
 * other processes that do the same.
 * @param changes are made of what the file says when nobody else can change it
 * @throws {PipeError} when the file is not valid YAML, PIPE_CONFIG_VALUE when something other than options stands
 * where they belong, PIPE_CONFIG_UNSET when there is nothing to take out,
 * PIPE_CONFIG_EDIT when it is written in a way that cannot be changed safely.
 */
export function changeOptions(origin: ConfigOrigin, changes: (before: ConfigFile) => readonly OptionChange[]): void {
  const path = followLink(origin);
  makeFolder(dirname(path));
  const isOwn = origin.level === 'project' || origin.level === 'local';
  const lock = isOwn ? join(dirname(path), 'tmp', 'config-lock') : `${path}.lock`;
  withEditLock(lock, () => {
    const text = readIfThere(path) ?? '';
    const changed = changes(readConfigText(origin, text)).reduce(
      (before, change) => changedText(before, { origin, ...change }),
      text,
    );
    if (changed !== text) writeFileAtomic(path, changed, MODES[origin.level]);
  });
}

function changedText(text: string, { origin, name, content }: ConfigChange): string {
  const before = readConfigText(origin, text);
  const broken = before.problems.filter(
    ({ code }) => code !== 'PIPE_CONFIG_KEY' && code !== 'PIPE_CONFIG_VALUE' && code !== 'PIPE_CONFIG_SECRET',
  );
  if (broken.length > 0) throw new PipeError(broken);
  if (content === undefined && !before.names.has(name)) {
    throw new PipeError({ code: 'PIPE_CONFIG_UNSET', message: `${name} is not set in ${origin.label}` });
  }
  const after = content === undefined ? unsetInText(text, name) : setInText(text, name, content);
  if (isAsWanted(before.settings, readConfigText(origin, after), { name, content })) return after;
  // Something that holds no options stands where they belong.
  const inTheWay = before.problems.filter(({ code }) => code === 'PIPE_CONFIG_VALUE');
  if (inTheWay.length > 0) throw new PipeError(inTheWay);
  throw new PipeError({
    code: 'PIPE_CONFIG_EDIT',
    message: `${origin.label} writes ${name} in a way that cannot be changed safely (an alias, an anchor or a tag)`,
    hint: 'change it by hand',
  });
}

/** Whether nothing but the one option changed: a shared anchor, for instance, would change others too. */
function isAsWanted(
  before: readonly Setting[],
  after: ReturnType<typeof readConfigText>,
  { name, content }: { name: string; content: OptionContent | undefined },
): boolean {
  const facts = (settings: readonly Setting[]): string =>
    JSON.stringify(settings.filter((each) => each.name !== name).map((each) => [each.name, each.content]));
  const now = after.settings.find((each) => each.name === name)?.content;
  return (
    facts(before) === facts(after.settings) &&
    after.names.has(name) === (content !== undefined) &&
    JSON.stringify(now) === JSON.stringify(content)
  );
}

/** People link their own config from elsewhere; links inside a project are a stranger's and never followed. */
function followLink({ path, level }: ConfigOrigin): string {
  if (level === 'project' || level === 'local') return path;
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeProblem(path, error);
  }
}
