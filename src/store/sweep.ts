import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, ownerOfName } from '../kit/owner.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { recoverPack } from './pack-writer.ts';

/**
 * Clears away what killed processes of this machine were in the middle of writing: what was whole of a pack is sealed,
 * all else is removed. What is not ours to touch in a store that is shared stays: it must not keep anybody from writing.
 */
export function sweepLeftovers(layout: StoreLayout, by: { readonly blake3: Blake3; readonly owner: Owner }): void {
  for (const name of namesIn(layout.tmp)) {
    const owner = ownerOfName(name);
    if (owner === undefined || !isGone(owner)) continue;
    try {
      if (name.endsWith('.pack')) recoverPack(layout, name, by);
      else rmSync(join(layout.tmp, name), { recursive: true, force: true });
    } catch (error) {
      if (systemFault(error) === undefined) throw error;
    }
  }
}
