import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ignore } from 'ignore';
import ignore from 'ignore';

/** A folder as the rules of ignore files see it. */
interface FolderRules {
  /** Whether the folder itself is ignored; then everything below is, and its own ignore files do not count. */
  readonly ignored: boolean;
  /** All rules that reach into the folder, written relative to the root; absent where there are none. */
  readonly matcher?: Ignore;
}

/**
 * Decides by the gitignore rules (gitignore(5)) of ignore files at any level which paths are ignored. Each folder's
 * files are read once, when a path inside it is asked for.
 */
export class IgnoreRules {
  readonly #root: string;
  readonly #names: readonly string[];
  readonly #folders = new Map<string, FolderRules>();

  /** @param names the ignore files of a folder, such as `.gitignore`; rules of a later one win. */
  constructor(root: string, names: readonly string[]) {
    this.#root = root;
    this.#names = names;
  }

  /** Whether a path (posix, relative to the root) is ignored. */
  ignores(path: string, isFolder: boolean): boolean {
    const slash = path.lastIndexOf('/');
    const { ignored, matcher } = this.#rulesOf(slash < 0 ? '' : path.slice(0, slash));
    if (ignored || matcher === undefined) return ignored;
    return matcher.ignores(isFolder ? `${path}/` : path);
  }

  /** Forgets what it knows of a folder and all below, because its ignore files changed. */
  forget(folder: string): void {
    for (const known of this.#folders.keys()) {
      if (folder === '' || known === folder || known.startsWith(`${folder}/`)) this.#folders.delete(known);
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
    let above: Ignore | undefined;
    if (folder !== '') {
      const slash = folder.lastIndexOf('/');
      const parent = this.#rulesOf(slash < 0 ? '' : folder.slice(0, slash));
      if (parent.ignored || parent.matcher?.ignores(`${folder}/`) === true) return { ignored: true };
      above = parent.matcher;
    }
    const lines = this.#names.flatMap((name) => readLines(join(this.#root, folder, name)));
    const rules = lines.flatMap((line) => rewrite(line, folder) ?? []);
    if (rules.length === 0) return above === undefined ? { ignored: false } : { ignored: false, matcher: above };
    // Rules of an inner folder come after those of the outer ones, so that they win.
    const matcher = ignore({ ignorecase: false });
    if (above !== undefined) matcher.add(above);
    return { ignored: false, matcher: matcher.add(rules) };
  }
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/);
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
  const prefix = `/${folder.replace(/[\\*?[]/g, String.raw`\$&`)}/`;
  return `${negated ? '!' : ''}${prefix}${isAnchored ? body.replace(/^\//, '') : `**/${body}`}`;
}
