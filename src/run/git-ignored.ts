import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Stage } from '../pipeline/model.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { Project } from '../project/project.ts';

/**
 * Keeps outs that the store holds out of Git. The `.gitignore` files are written before anything looks at the folders
 * that they lie in, all at once; only where a stage has yet to make the folder, after that stage.
 */
export class GitIgnoredOuts {
  readonly #project: Project;
  readonly #later: Set<string>;
  /** Absolute paths of the `.gitignore` files that changed. */
  readonly written: string[];

  constructor(project: Project, stages: Iterable<Stage>) {
    this.#project = project;
    const paths = [...stages].flatMap((stage) => this.#pathsOf(stage));
    const folders = new Set(paths.map((path) => dirname(path)).filter(isFolder));
    this.written = ensureIgnored(
      project,
      paths.filter((path) => folders.has(dirname(path))),
    );
    this.#later = new Set(paths.filter((path) => !folders.has(dirname(path))));
  }

  /** To be called when the outs of a stage are there. */
  made(stage: Stage): void {
    if (this.#later.size === 0) return;
    const paths = this.#pathsOf(stage).filter((path) => this.#later.delete(path));
    const placed = paths.filter((path) => isFolder(dirname(path)));
    this.written.push(...ensureIgnored(this.#project, placed));
  }

  #pathsOf(stage: Stage): string[] {
    return stage.outs.filter((out) => out.cache).map((out) => join(this.#project.root, out.path));
  }
}

/** Whether a folder is there: a file has nothing below it, not even `.`. */
function isFolder(path: string): boolean {
  return existsSync(`${path}/.`);
}
