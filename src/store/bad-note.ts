import { readFileSync } from 'node:fs';
import type { Digest } from '../kit/digest.ts';
import type { StoreLayout } from './layout.ts';

const HEX = /^[0-9a-f]{64}$/;

/** The hex digits of the objects that a pack is known to hold wrong bytes of: they count as absent from it. */
export function readBad(layout: Pick<StoreLayout, 'bad'>, pack: Digest): ReadonlySet<string> {
  return new Set(linesOf(layout.bad(pack)).filter((line) => HEX.test(line)));
}

/** None where there is no file, or somebody removed it just now. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return [];
    throw error;
  }
}
