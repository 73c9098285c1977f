import { join } from 'node:path';
import { isGone, ownedName, ownerOfName, thisOwner } from '../../kit/owner.ts';
import { removeTree } from '../../kit/remove-tree.ts';
import { namesIn } from '../../kit/temporary.ts';

/** A new folder for what is on its way into a project, not made yet; what killed processes left there goes. */
export function importFolder(pipeDir: string): string {
  const folder = join(pipeDir, 'tmp', 'import');
  for (const name of namesIn(folder)) {
    const owner = ownerOfName(name);
    if (owner !== undefined && isGone(owner)) removeTree(join(folder, name));
  }
  return join(folder, ownedName(thisOwner()));
}
