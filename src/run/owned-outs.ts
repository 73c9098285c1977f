import { readdirSync } from 'node:fs';
import { ancestors } from '../kit/path.ts';
import type { Stage } from '../pipeline/model.ts';

/** Whether an entry of a folder belongs to a stage. */
export type IsOwned = (name: string, isFolder: boolean) => boolean;

/**
 * Tells of a folder (relative to the root) which of its entries belong to a stage although the folder may be tracked:
 * outs, and folders in which nothing but outs of stages lies, which come and go with them. `undefined`: none can.
 * @param root absolute path of the project
 */
export function ownedOuts(root: string, stages: Iterable<Stage>): (folder: string) => IsOwned | undefined {
  let outs: ReadonlySet<string> = new Set();
  let above: ReadonlySet<string> | undefined;
  const isOwned = (path: string, isFolder: boolean): boolean =>
    outs.has(path) || (isFolder && above?.has(path) === true && holdsOnlyOwned(path));
  const holdsOnlyOwned = (path: string): boolean =>
    readdirSync(`${root}/${path}`, { withFileTypes: true }).every((each) =>
      isOwned(`${path}/${each.name}`, each.isDirectory()),
    );
  return (folder) => {
    if (above === undefined) {
      const paths = [...stages].flatMap((stage) => stage.outs.map(({ path }) => path));
      outs = new Set(paths);
      above = new Set(paths.flatMap((path) => [...ancestors(path)]));
    }
    return above.has(folder) ? (name, isFolder) => isOwned(`${folder}/${name}`, isFolder) : undefined;
  };
}
