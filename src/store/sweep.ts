import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, ownerOfName } from '../kit/owner.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { emptyLimbo } from './limbo.ts';
import { isLeftPack, recoverPack } from './pack-writer.ts';

/**
 * Puts in order what killed processes of this machine were in the middle of: what they were writing is removed or, of
 * packs, completed; what they were taking out is put back.
 */
export function sweepStore(layout: StoreLayout, blake3: Blake3, owner: Owner): void {
  for (const name of leftIn(layout.limbo)) emptyLimbo(layout, name);
  for (const name of leftIn(layout.tmp)) {
    if (isLeftPack(name)) recoverPack(layout, name, { blake3, owner });
    else rmSync(join(layout.tmp, name), { recursive: true, force: true });
  }
}

/** The names in a folder that tell of a process that is gone. */
export function leftIn(folder: string): string[] {
  return namesIn(folder).filter((name) => {
    const owner = ownerOfName(name);
    return owner !== undefined && isGone(owner);
  });
}
