import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { sortedBy } from '../kit/order.ts';
import { isOutside } from '../kit/path.ts';
import { PipeError } from '../problem/problem.ts';
import { withEditLock } from './edit-lock.ts';
import { IgnoreRules } from './ignore-rules.ts';
import type { Project } from './project.ts';

type GitProject = Pick<Project, 'gitRoot' | 'pipeDir'>;

/** Makes Git ignore one path, as {@link ensureIgnored} does. */
export function addToGitignore(project: GitProject, path: string): string[] {
  return ensureIgnored(project, [path]);
}

/**
 * Makes Git ignore outs: a line `/name` in the `.gitignore` beside each, as DVC keeps them, unless a rule of a
 * `.gitignore` in the work tree ignores it already. Paths outside the work tree are left alone. Safe with other
 * processes; each `.gitignore` is written at most once, in one step, and keeps its bytes otherwise.
 * @param paths absolute; their folders exist
 * @returns the absolute paths of the `.gitignore` files that were written
 */
export function ensureIgnored(project: GitProject, paths: readonly string[]): string[] {
  const { gitRoot } = project;
  if (gitRoot === undefined) return [];
  const rules = new IgnoreRules(gitRoot, ['.gitignore']);
  const isMissing = (path: string): boolean => {
    const inside = relative(gitRoot, path).split(sep).join('/');
    return inside !== '' && !isOutside(inside) && !rules.ignores(inside, isFolder(path));
  };
  // Most runs find everything in place, and need neither a lock nor a match against every rule.
  const isListed = ownLines();
  if (!paths.some((path) => !isListed(path) && isMissing(path))) return [];
  return withEditLock(join(project.pipeDir, 'tmp', 'gitignore-lock'), () => {
    rules.forget('');
    const written = new Set<string>();
    for (const [folder, missing] of byFolder(paths.filter(isMissing))) {
      const file = join(folder, '.gitignore');
      // What was added to an outer folder a moment ago may cover this one.
      const needed = missing.filter(isMissing);
      if (needed.length === 0) continue;
      writeBytes(file, withLines(readBytes(file) ?? '', needed.map(entryFor)));
      rules.forget(relative(gitRoot, folder).split(sep).join('/'));
      written.add(file);
    }
    return [...written];
  });
}

/**
 * Takes back what {@link ensureIgnored} added for some paths: their lines in the `.gitignore` beside each, and the file
 * itself when nothing is left in it. Rules that somebody else wrote stay. Each `.gitignore` is written at most once.
 * @param paths absolute
 * @returns the absolute paths of the `.gitignore` files that changed
 */
export function removeFromGitignore({ gitRoot, pipeDir }: GitProject, paths: readonly string[]): string[] {
  if (gitRoot === undefined) return [];
  const changed: string[] = [];
  for (const [folder, inside] of byFolder(paths)) {
    const file = join(folder, '.gitignore');
    const entries = new Set(inside.map(entryFor));
    if (withoutLines(readBytes(file) ?? '', entries) === undefined) continue;
    withEditLock(join(pipeDir, 'tmp', 'gitignore-lock'), () => {
      const left = withoutLines(readBytes(file) ?? '', entries);
      if (left === undefined) return;
      if (left === '') rmSync(file);
      else writeBytes(file, left);
      changed.push(file);
    });
  }
  return changed;
}

/** A text less some of its lines; `undefined` where it has none of them. */
function withoutLines(text: string, entries: ReadonlySet<string>): string | undefined {
  const lines = linesOf(text);
  const left = lines.filter((line) => !entries.has(bare(line)));
  return left.length === lines.length ? undefined : left.join('');
}

/** Whether the `.gitignore` beside a path lists it, and takes nothing back. */
function ownLines(): (path: string) => boolean {
  const folders = new Map<string, ReadonlySet<string>>();
  return (path) => {
    const folder = dirname(path);
    const lines = folders.get(folder) ?? readOwnLines(join(folder, '.gitignore'));
    folders.set(folder, lines);
    return lines.has(entryFor(path));
  };
}

function readOwnLines(file: string): ReadonlySet<string> {
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return new Set();
  const lines = linesOf(readFileSync(file, 'latin1')).map(bare);
  return new Set(lines.some((line) => line.startsWith('!')) ? [] : lines);
}

/** Outer folders first. */
function byFolder(paths: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of sortedBy(paths, (each) => each)) {
    const folder = dirname(path);
    const there = folders.get(folder);
    if (there === undefined) folders.set(folder, [path]);
    else there.push(path);
  }
  return new Map(sortedBy(folders, ([folder]) => folder));
}

/**
 * The line for a path, in the bytes of UTF-8 (one character each): escaped as DVC's Git library does, and what it
 * leaves ambiguous: a backslash, a space at the end, and line ends, which no rule can hold but `?` matches.
 */
function entryFor(path: string): string {
  const name = basename(path)
    .replace(/[\\[\]!*#?]/g, String.raw`\$&`)
    .replace(/[\r\n]/g, '?')
    .replace(/ $/, String.raw`\ `);
  return Buffer.from(`/${name}`, 'utf8').toString('latin1');
}

function withLines(text: string, entries: readonly string[]): string {
  const end = /\r\n/.test(text.slice(0, text.indexOf('\n') + 1)) ? '\r\n' : '\n';
  const open = text === '' || text.endsWith('\n') ? '' : end;
  return `${text}${open}${entries.map((entry) => entry + end).join('')}`;
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function bare(line: string): string {
  return line.replace(/\r?\n$/, '');
}

/** A file as one character per byte, so that whatever it holds is written back as it was. */
function readBytes(file: string): string | undefined {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isFile()) return readFileSync(file, 'latin1');
  throw new PipeError({
    code: 'PIPE_GITIGNORE',
    message: `${file} is ${stat.isSymbolicLink() ? 'a symbolic link, which Git does not read' : 'not a file'}`,
    hint: 'put a plain file in its place',
  });
}

function writeBytes(file: string, text: string): void {
  writeFileAtomic(file, Buffer.from(text, 'latin1'));
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP') return false;
    throw error;
  }
}
