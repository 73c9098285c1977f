import { readFileSync } from 'node:fs';
import { nearest } from '../kit/nearest.ts';
import type { MapEntry, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { readYaml } from '../kit/format/yaml/read.ts';
import type { Place, Problem, Source } from '../problem/problem.ts';
import type { Level } from './config-level.ts';
import type { OptionContent, OptionSpec } from './option.ts';
import { optionNamesNear, optionOf } from './option.ts';
import { hasPlaceholder, isPlaceholder, readOption } from './option-value.ts';

/** One option as a config file sets it. */
export interface Setting {
  /** `core.jobs`, `remote.origin.url`. */
  readonly name: string;
  readonly spec: OptionSpec;
  /** A text with placeholders is kept as it is written. */
  readonly content: OptionContent;
  readonly level: Level;
  readonly at: Place;
}

/** What a config file says, and everything that is wrong with it. */
export interface ConfigFile {
  readonly settings: readonly Setting[];
  /** Every name that stands in it, options that are unknown or wrong included. */
  readonly names: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** A config file: where it is, what level it belongs to, and what messages call it. */
export interface ConfigOrigin {
  readonly path: string;
  readonly level: Level;
  readonly label: string;
}

/** Reads one config file; a missing one sets nothing. */
export function readConfigFile(origin: ConfigOrigin): ConfigFile {
  return readConfigText(origin, readIfThere(origin.path) ?? '');
}

/** Reads what a config file says. */
export function readConfigText(origin: ConfigOrigin, text: string): ConfigFile {
  // Most projects set nothing but comments: no reader is needed then.
  if (text.split('\n').every((line) => /^\s*(?:#|$)/.test(line))) return NOTHING;
  const { root, problems } = readYaml({ file: origin.label, text });
  const shown: Source = { file: origin.label, text: withoutSecrets(text) };
  const reader = new Reader(origin.level, shown, problems);
  if (root !== undefined) reader.read(root, []);
  return reader;
}

const NOTHING: ConfigFile = { settings: [], names: new Set(), problems: [] };

/** The text of a config file; `undefined` when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

const SECRET = /((?:access_key_id|secret_access_key|session_token|password)["']?[ \t]*:[ \t]*)([^\r\n]+)/g;
const PASSWORD_IN_URL = /(:\/\/[^\s:/@]*:)([^\s/@]+)(?=@)/g;

/** Problems show the line they are about, so secrets are starred out; every offset stays. */
function withoutSecrets(text: string): string {
  const star = (_: string, before: string, secret: string): string => before + '*'.repeat(secret.length);
  return text.replace(SECRET, star).replace(PASSWORD_IN_URL, star);
}

class Reader implements ConfigFile {
  readonly settings: Setting[] = [];
  readonly names = new Set<string>();
  readonly problems: Problem[];
  readonly #level: Level;
  readonly #source: Source;

  constructor(level: Level, source: Source, problems: readonly Problem[]) {
    this.#level = level;
    this.#source = source;
    this.problems = problems.map((problem) => (problem.at ? { ...problem, at: { ...problem.at, source } } : problem));
  }

  read(node: YamlNode, path: readonly string[]): void {
    if (node.kind === 'map') {
      for (const entry of node.entries) this.#entry(entry, path);
    } else if (path.length === 0) {
      this.#wrong(node, 'a config file holds sections such as `core:`');
    } else if (!isEmpty(node)) {
      this.#wrong(node, `${path.join('.')} holds options, one to a line`);
    }
  }

  #entry(entry: MapEntry, path: readonly string[]): void {
    const names = [...path, keyText(entry.key)];
    const name = names.join('.');
    const depth = names[0] === 'remote' ? 3 : 2;
    if (names.length < depth && (names[0] === 'remote' || isSection(name))) {
      this.read(entry.value, names);
      return;
    }
    this.names.add(name);
    const spec = names.length === depth ? optionOf(name) : undefined;
    if (spec === undefined) {
      this.problems.push(unknownOption(name, this.#place(entry.key)));
      return;
    }
    this.#option(name, spec, entry);
  }

  #option(name: string, spec: OptionSpec, { key, value }: MapEntry): void {
    const text = textOf(value);
    const read = text === undefined ? { wrong: 'it takes a single value' } : readUnexpanded(spec, text);
    if ('wrong' in read) {
      this.#wrong(value, `${name} cannot hold this: ${read.wrong}`);
    } else if (this.#level === 'project' && givesAway(spec, text ?? '')) {
      this.problems.push(secretInProject(name, spec, this.#place(key)));
    } else if (this.#level === 'project' && spec.own === true) {
      this.problems.push(foreign(name, this.#place(key)));
    } else {
      this.settings.push({ name, spec, content: read.content, level: this.#level, at: this.#place(value) });
    }
  }

  #wrong(node: YamlNode, message: string): void {
    this.problems.push({ code: 'PIPE_CONFIG_VALUE', message, at: this.#place(node) });
  }

  #place({ start, end }: YamlNode): Place {
    return { source: this.#source, offset: start, length: end - start };
  }
}

/** Reads an option; one with placeholders is kept as text and read on use. */
export function readUnexpanded(spec: OptionSpec, text: string): ReturnType<typeof readOption> {
  return hasPlaceholder(text) ? { content: text } : readOption(spec, text);
}

/** Whether the content of an option must not be in a file that Git tracks. */
export function givesAway(spec: OptionSpec, text: string): boolean {
  if (spec.secret === true) return !isPlaceholder(text);
  const password = new RegExp(PASSWORD_IN_URL).exec(text)?.[2];
  return password !== undefined && !isPlaceholder(password);
}

/** The problem with a name that no option has. */
export function unknownOption(name: string, at?: Place): Problem {
  const near = nearest(name, optionNamesNear(name));
  return {
    code: 'PIPE_CONFIG_KEY',
    message: `${JSON.stringify(name)} is not an option of pipe`,
    hint: near === undefined ? 'run `pipe config --help` for the list' : `did you mean ${near}?`,
    ...(at === undefined ? {} : { at }),
  };
}

/** The problem with a secret in the project's config; never shows it. */
export function secretInProject(name: string, spec: OptionSpec, at?: Place): Problem {
  const isUrl = spec.secret !== true;
  return {
    code: 'PIPE_CONFIG_SECRET',
    message: `${name} ${isUrl ? 'holds a password' : 'is a secret'}, and Git tracks the project's config`,
    hint: secretHint(isUrl, `pipe config --local ${name} …`),
    ...(at === undefined ? {} : { at }),
  };
}

/** How to keep a secret from Git: on this machine by a command, or in the environment, for those who allow that. */
export function secretHint(isUrl: boolean, command: string): string {
  const [what, place] = isUrl ? ['the whole URL', 'in place of the password'] : ['it', 'instead'];
  return `keep ${what} on this machine: \`${command}\`; or write '\${NAME}' ${place}, for a variable of the environment that each user allows: \`pipe config --local core.env NAME\``;
}

/** The problem with an option that only the user decides about, in the project's config. */
export function foreign(name: string, at?: Place): Problem {
  return {
    code: 'PIPE_CONFIG_VALUE',
    message: `${name} cannot be set in the project's config: Git tracks that, and a stranger may have written it`,
    hint: `set it on this machine: \`pipe config --local ${name} …\``,
    ...(at === undefined ? {} : { at }),
  };
}

function isSection(name: string): boolean {
  return ['core', 'cache', 'signing', 'signers', 'parsing'].includes(name);
}

function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The text of a scalar, or of a list of them joined by commas; `undefined` for anything else. */
function textOf(node: YamlNode): string | undefined {
  if (node.kind === 'scalar')
    return node.value === null || typeof node.value === 'number' ? undefined : String(node.value);
  if (node.kind === 'map') return undefined;
  const texts = node.items.map((item) => (item.kind === 'scalar' ? textOf(item) : undefined));
  return texts.includes(undefined) ? undefined : texts.join(',');
}
