import { isUtf8 } from 'node:buffer';
import type { Ranges } from '../kit/ranges.ts';
import { addRange } from '../kit/ranges.ts';
import type { GitCommand } from './git-command.ts';
import { gitOutput } from './git-command.ts';
import type { GitObject } from './git-objects.ts';
import { openGitObjects } from './git-objects.ts';
import type { RevisionFolder } from './revision-folders.ts';
import { findProjectFolders, readRevisionFolders } from './revision-folders.ts';

/** A file as it stood at some commits. */
export interface RevisionFile {
  /** Relative to the project, posix; that of a folder that cannot be read ends with `/`. */
  readonly path: string;
  readonly content: FileContent;
  /** Which of the commits, by their place in the list. */
  readonly commits: Ranges;
}

/** The text of a file, or why there is none, as a clause about it. */
export type FileContent = { readonly text: string } | { readonly fault: string };

export interface RevisionFilesOptions {
  readonly command: GitCommand;
  /** Full ids. */
  readonly commits: readonly string[];
  /** Whether a file of this name is to be read. */
  readonly isWanted: (name: string) => boolean;
}

/**
 * Hands over the wanted files of a project (the folder of `command`, which may lie below that of the work tree) at many
 * commits, in no order. Each folder is read once however many commits have it, and so is each content; it is handed
 * over for each path that it has. Only names are held, no contents. One Git process reads all of it.
 *
 * As in the workspace, hidden folders, `node_modules`, projects inside this one, symbolic links and submodules are not
 * looked into. Commits from before the project's folder was there have no files.
 * @throws {PipeError} PIPE_GIT when Git fails; and whatever `use` throws.
 */
export async function readRevisionFiles(
  { command, commits, isWanted }: RevisionFilesOptions,
  use: (file: RevisionFile) => void,
): Promise<void> {
  if (commits.length === 0) return;
  const prefix = (await gitOutput(command, ['rev-parse', '--show-prefix'])).toString('utf8').slice(0, -1);
  const way = prefix.split('/').filter((name) => name !== '');
  const objects = await openGitObjects(command);
  try {
    const roots = await findProjectFolders(objects, commits, way);
    const { unreadable, byBlob } = placesOf(roots, await readRevisionFolders(objects, roots, isWanted));
    for (const place of unreadable.values()) use({ ...place, content: UNREADABLE });
    for (const [id, places] of byBlob) {
      objects.ask(id, (blob) => {
        const content = contentOf(blob);
        for (const place of places.values()) use({ ...place, content });
      });
    }
    await objects.answered();
  } finally {
    await objects.close();
  }
}

/** Where something lies, and at which commits. */
type Place = Omit<RevisionFile, 'content'>;

interface Places {
  /** Folders, by path. */
  readonly unreadable: Map<string, Place>;
  /** Files, by the id of their content and by path. */
  readonly byBlob: Map<string, Map<string, Place>>;
}

const UNREADABLE = { fault: 'the Git repository has lost the folder, or it nests too deep' };

/** Folders nested deeper than this count as unreadable. */
const DEEPEST = 512;

function placesOf(
  roots: readonly (string | undefined)[],
  folders: ReadonlyMap<string, RevisionFolder | undefined>,
): Places {
  const places: Places = { unreadable: new Map(), byBlob: new Map() };
  const isOfUse = usefulFolders(folders);
  // A folder that did not change from commit to commit is one and the same place.
  const known = new Map<string, readonly Place[]>();
  const visit = (id: string, path: string, depth: number): readonly Place[] => {
    const folder = depth < DEEPEST ? folders.get(id) : undefined;
    if (folder === undefined) return [unreadableAt(places, path)];
    const inside = `${path}\0${id}`;
    const files = known.get(inside) ?? folder.files.map((file) => fileAt(places, path, file));
    known.set(inside, files);
    const below = folder.folders
      .filter((child) => isOfUse(child.id))
      .map((child) => visit(child.id, `${path}${child.name}/`, depth + 1));
    return below.length === 0 ? files : [...files, ...below.flat()];
  };
  for (const [index, root] of roots.entries()) {
    if (root !== undefined) for (const place of visit(root, '', 0)) addRange(place.commits, index);
  }
  return places;
}

function unreadableAt({ unreadable }: Places, path: string): Place {
  const place = unreadable.get(path) ?? { path: path === '' ? './' : path, commits: [] };
  unreadable.set(path, place);
  return place;
}

function fileAt({ byBlob }: Places, folder: string, { id, name }: { id: string; name: string }): Place {
  const path = `${folder}${name}`;
  const places = byBlob.get(id) ?? new Map<string, Place>();
  const place = places.get(path) ?? { path, commits: [] };
  byBlob.set(id, places.set(path, place));
  return place;
}

/** Whether anything wanted, or unreadable, lies in a folder or below. */
function usefulFolders(folders: ReadonlyMap<string, RevisionFolder | undefined>): (id: string) => boolean {
  const known = new Map<string, boolean>();
  const isOfUse = (id: string, depth: number): boolean => {
    const answer = known.get(id);
    if (answer !== undefined) return answer;
    const folder = folders.get(id);
    const found =
      folder === undefined ||
      depth > DEEPEST ||
      folder.files.length > 0 ||
      folder.folders.some((child) => isOfUse(child.id, depth + 1));
    known.set(id, found);
    return found;
  };
  return (id) => isOfUse(id, 0);
}

/** The text of a file, as Git keeps it. */
export function contentOf(blob: GitObject | undefined): FileContent {
  if (blob === undefined) return { fault: 'the Git repository has lost it' };
  if (blob.bytes === undefined) return { fault: 'it is larger than 64 MiB' };
  return isUtf8(blob.bytes) ? { text: blob.bytes.toString('utf8') } : { fault: 'it is not UTF-8' };
}
