import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ignore } from 'ignore';
import ignore from 'ignore';
import { ancestors } from '../kit/path.ts';

/** One rule of an ignore file. */
export interface IgnoreRule {
  /** The ignore file, posix, relative to the root. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** As written, without white space at its end that means nothing. */
  readonly text: string;
  /** Whether it takes back (`!`) what an earlier rule ignores. */
  readonly negated: boolean;
}

/** A rule, and how it is written for the root. */
interface RootedRule extends IgnoreRule {
  readonly pattern: string;
}

/** A folder as the rules of ignore files see it. */
interface FolderRules {
  /** Whether the folder itself is ignored; then everything below is, and its own ignore files do not count. */
  readonly ignored: boolean;
  /** All rules that reach into the folder, outermost first. */
  readonly rules: readonly RootedRule[];
  /** What is ignored by name, whatever the other rules say. */
  readonly plain?: PlainRules;
  /** The other rules to match with, written relative to the root; absent where there are none. */
  readonly matcher?: Ignore;
}

/**
 * Rules that name one path each, and come after all that take something back: a folder of thousands of tracked files has
 * as many, and matching each path with each of them would take minutes.
 */
interface PlainRules {
  /** Relative to the root. */
  readonly paths: ReadonlySet<string>;
  readonly above: PlainRules | undefined;
}

/**
 * Decides by the gitignore rules (gitignore(5)) of ignore files at any level which paths are ignored. Each folder's
 * files are read once, when a path inside it is asked for.
 */
export class IgnoreRules {
  readonly #root: string;
  readonly #names: readonly string[];
  readonly #folders = new Map<string, FolderRules>();
  /** Tell which rule matches what lies in a folder; made for those that are asked for. */
  readonly #matchers = new Map<string, Ignore>();

  /** @param names the ignore files of a folder, such as `.gitignore`; rules of a later one win. */
  constructor(root: string, names: readonly string[]) {
    this.#root = root;
    this.#names = names;
  }

  /** Whether a path (posix, relative to the root) is ignored. */
  ignores(path: string, isFolder: boolean): boolean {
    return isIgnored(this.#rulesOf(parentOf(path) ?? ''), path, isFolder);
  }

  /**
   * The rule that decides about a path: the last one that matches the outermost folder above it that is ignored, else
   * the last one that matches the path itself, which may be one that takes it back. `git check-ignore -v` names the same.
   */
  ruleFor(path: string, isFolder: boolean): IgnoreRule | undefined {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
      const rule = this.#lastMatch(path.slice(0, end), true);
      if (rule?.negated === false) return rule;
    }
    return this.#lastMatch(path, isFolder);
  }

  #lastMatch(path: string, isFolder: boolean): IgnoreRule | undefined {
    const folder = parentOf(path) ?? '';
    const { rules } = this.#rulesOf(folder);
    if (rules.length === 0) return undefined;
    let matcher = this.#matchers.get(folder);
    if (matcher === undefined) this.#matchers.set(folder, (matcher = matcherOfAll(folder, rules)));
    const { rule } = matcher.test(isFolder ? `${path}/` : path);
    return rule?.mark === undefined ? undefined : rules[Number(rule.mark)];
  }

  /** Forgets what it knows of a folder and all below, because its ignore files changed. */
  forget(folder: string): void {
    for (const known of this.#folders.keys()) {
      if (folder !== '' && known !== folder && !known.startsWith(`${folder}/`)) continue;
      this.#folders.delete(known);
      this.#matchers.delete(known);
    }
  }

  #rulesOf(folder: string): FolderRules {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const rules = this.#readRules(folder);
    this.#folders.set(folder, rules);
    return rules;
  }

  #readRules(folder: string): FolderRules {
    let above: FolderRules = { ignored: false, rules: [] };
    const parent = parentOf(folder);
    if (parent !== undefined) {
      above = this.#rulesOf(parent);
      if (isIgnored(above, folder, true)) return { ignored: true, rules: [] };
    }
    const own = this.#names.flatMap((name) => rulesIn(this.#root, folder, name));
    if (own.length === 0) return above;
    // Rules of an inner folder come after those of the outer ones, so that they win.
    const rules = [...above.rules, ...own];
    const last = own.findLastIndex(({ negated }) => negated);
    const named = own.slice(last + 1).flatMap(({ pattern }) => plainPath(pattern) ?? []);
    const others = own.filter(({ pattern }, at) => at <= last || plainPath(pattern) === undefined);
    const outer = last < 0 ? above.plain : undefined;
    const plain = named.length === 0 ? outer : { paths: new Set(named), above: outer };
    if (others.length === 0) return { ...above, rules, ...(plain === undefined ? {} : { plain }) };
    const matcher = ignore({ ignorecase: false });
    if (above.matcher !== undefined) matcher.add(above.matcher);
    // One of the own rules may take them back.
    if (last >= 0) matcher.add([...pathsOf(above.plain)].map((path) => `/${path}`));
    matcher.add(others.map(({ pattern }) => pattern));
    return { ignored: false, rules, matcher, ...(plain === undefined ? {} : { plain }) };
  }
}

function isIgnored({ ignored, plain, matcher }: FolderRules, path: string, isFolder: boolean): boolean {
  if (ignored) return true;
  for (let each = plain; each !== undefined; each = each.above) if (each.paths.has(path)) return true;
  return matcher?.ignores(isFolder ? `${path}/` : path) === true;
}

function* pathsOf(plain: PlainRules | undefined): Generator<string> {
  for (let each = plain; each !== undefined; each = each.above) yield* each.paths;
}

/** The one path that a rule ignores; `undefined` for a rule that may match others, too, or folders alone. */
function plainPath(pattern: string): string | undefined {
  return /^\/[^*?[\]\\]*[^*?[\]\\/\s]$/.test(pattern) ? pattern.slice(1) : undefined;
}

/** The folder that holds a path; `''` is the root, which nothing holds. */
function parentOf(path: string): string | undefined {
  if (path === '') return undefined;
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/**
 * Matches what lies in a folder against every rule, those that take back included: the rule it names is the last that
 * matches the path itself. The folders above are taken back at the end, since they would decide before it.
 */
function matcherOfAll(folder: string, rules: readonly RootedRule[]): Ignore {
  const positive = rules.map(({ pattern, negated }, index) => ({
    pattern: negated ? positivePattern(pattern) : pattern,
    mark: String(index),
  }));
  const above = folder === '' ? [] : [...ancestors(folder), folder];
  return ignore({ ignorecase: false })
    .add(positive)
    .add(above.map((each) => `!/${escapeFolder(each)}/`));
}

/** What a rule that takes back matches: behind its `!`, a `!` or `#` is a plain character. */
function positivePattern(pattern: string): string {
  return pattern.slice(1).replace(/^[!#]/, String.raw`\$&`);
}

function rulesIn(root: string, folder: string, name: string): RootedRule[] {
  const file = folder === '' ? name : `${folder}/${name}`;
  return readLines(join(root, file)).flatMap((text, index) => {
    const pattern = rewrite(text, folder);
    if (pattern === undefined) return [];
    return [{ file, line: index + 1, text: trimEnd(text), negated: text.startsWith('!'), pattern }];
  });
}

/** Spaces at the end mean nothing, unless escaped. */
function trimEnd(text: string): string {
  const trimmed = text.replace(/ +$/, '');
  return /(?:^|[^\\])(?:\\\\)*\\$/.test(trimmed) && trimmed.length < text.length ? `${trimmed} ` : trimmed;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n|\r$/);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'EACCES' || code === 'ELOOP')
      return [];
    throw error;
  }
}

/** A rule of the ignore file in `folder`, written for the root's; `undefined` for blank lines and comments. */
function rewrite(line: string, folder: string): string | undefined {
  const negated = line.startsWith('!');
  const body = negated ? line.slice(1) : line;
  if (line.startsWith('#') || /^ *\/? *$/.test(body)) return undefined;
  if (folder === '') return line;
  const isAnchored = body.trimEnd().slice(0, -1).includes('/');
  const prefix = `/${escapeFolder(folder)}/`;
  return `${negated ? '!' : ''}${prefix}${isAnchored ? body.replace(/^\//, '') : `**/${body}`}`;
}

/** The path of a folder as a pattern that matches it alone. */
function escapeFolder(folder: string): string {
  return folder.replace(/[\\*?[]/g, String.raw`\$&`);
}
