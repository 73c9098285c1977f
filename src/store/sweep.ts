import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, ownerOfName } from '../kit/owner.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { emptyLimbo } from './limbo.ts';
import { leavePartial, partialOfTemporary, removeOldPartials } from './partial.ts';
import { recoverPack } from './pack-writer.ts';

/**
 * Puts in order what killed processes of this machine were in the middle of: what they were taking out is put back; of
 * what they were writing, what was whole of a pack is sealed, the beginning of a large object is left to whoever goes on
 * with it, and all else is removed. What is not ours to touch in a
 * store that is shared stays: it must not keep anybody from writing.
 */
export function sweepStore(layout: StoreLayout, by: { readonly blake3: Blake3; readonly owner: Owner }): void {
  for (const name of leftIn(layout.limbo)) {
    ifOurs(() => {
      emptyLimbo(layout, name);
    });
  }
  for (const name of leftIn(layout.tmp)) {
    ifOurs(() => {
      const begun = partialOfTemporary(name);
      if (name.endsWith('.pack')) recoverPack(layout, name, by);
      else if (begun !== undefined) leavePartial(layout, begun, join(layout.tmp, name));
      else rmSync(join(layout.tmp, name), { recursive: true, force: true });
    });
  }
  ifOurs(() => {
    removeOldPartials(layout, Date.now());
  });
}

/** The names in a folder that tell of a process that is gone. */
export function leftIn(folder: string): string[] {
  return namesIn(folder).filter((name) => {
    const owner = ownerOfName(name);
    return owner !== undefined && isGone(owner);
  });
}

function ifOurs(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
  }
}
