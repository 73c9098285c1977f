import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeDisposable } from '../kit/disposable-file.ts';
import { folderIdentity } from '../kit/folder-identity.ts';
import { parseJson } from '../kit/parse-json.ts';
import { readTextFile } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import { withEditLock } from '../project/edit-lock.ts';
import type { Project } from '../project/project.ts';
import { checkInside } from '../store/restore.ts';
import { statNow } from '../store/untouched.ts';

const SCHEMA = 'pipe.partial-outs/1';

type Place = Pick<Project, 'root' | 'pipeDir'>;

/**
 * Outs of stages that may hold a part of what is recorded, since not all of it was put in place: what is missing there was
 * not removed (docs/formats.md, `pipe.partial-outs/1`). Disposable: without it, what lies there counts as all there is.
 */
interface PartialOuts {
  /** Whether the folder at a path, relative to the project, is one of them. A folder that was made anew since is not. */
  has(path: string): boolean;
}

/** The partial outs of a project, as they are noted now. */
export function openPartialOuts(project: Place): PartialOuts {
  const noted = readNoted(fileOf(project));
  return {
    has(path) {
      const folder = noted.get(path);
      return folder !== undefined && folder !== '' && folder === folderIdentity(join(project.root, path));
    },
  };
}

/**
 * Notes and forgets partial outs. What is noted is a folder that lies there now.
 * @throws {PipeError} PIPE_FILE_BUSY
 */
export function notePartialOuts(project: Place, partial: Iterable<string>, whole: Iterable<string> = []): void {
  const file = fileOf(project);
  const [added, removed] = [[...partial], [...whole]];
  const isSaid = (noted: ReadonlyMap<string, string>): boolean =>
    added.every((path) => noted.get(path) === folderIdentity(join(project.root, path))) &&
    !removed.some((path) => noted.has(path));
  if (isSaid(readNoted(file))) return;
  try {
    withEditLock(join(project.pipeDir, 'tmp', 'partial-outs-lock'), () => {
      const noted = readNoted(file);
      for (const path of removed) noted.delete(path);
      for (const path of added) noted.set(path, folderIdentity(join(project.root, path)));
      writeDisposable(file, JSON.stringify({ schema: SCHEMA, folders: Object.fromEntries(noted) }));
    });
  } catch (error) {
    // Where nothing can be written, the file stays as it was.
    if (!(error instanceof PipeError) || error.problems[0]?.code !== 'PIPE_FILE_WRITE') throw error;
  }
}

/**
 * Makes the folder of an out of which only a part is about to be put in place, and notes it, where nothing lies there.
 * @returns whether it was made
 * @throws {PipeError} PIPE_PATH_ESCAPES, PIPE_FILE_BUSY
 */
export function makePartialOut(project: Place, path: string): boolean {
  const target = join(project.root, path);
  if (statNow(target) !== undefined) return false;
  checkInside(target, project.root);
  mkdirSync(target, { recursive: true });
  notePartialOuts(project, [path]);
  return true;
}

function fileOf({ pipeDir }: Place): string {
  return join(pipeDir, 'tmp', 'partial-outs.json');
}

function readNoted(file: string): Map<string, string> {
  const value = parseJson(readTextFile(file, file) ?? '') as { schema?: unknown; folders?: unknown } | null | undefined;
  if (value?.schema !== SCHEMA || typeof value.folders !== 'object') return new Map();
  const pairs = Object.entries(value.folders ?? {});
  return new Map(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}
