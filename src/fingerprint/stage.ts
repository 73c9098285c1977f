import type { Blake3 } from '../kit/blake3.ts';
import { canonical } from '../kit/canonical.ts';
import type { Digest } from '../kit/digest.ts';
import { byCodeUnit, sortedBy } from '../kit/order.ts';
import type { Value } from '../kit/value.ts';
import type { LockBlock } from '../lockfile/block.ts';

/** Grows when the meaning of a key changes, so that old run records are not taken for new ones. */
const KEY_VERSION = 2n;

/**
 * The key of a stage: equal keys mean that the same command on the same bytes, parameters and environment makes the
 * same outs (docs/formats.md, "Stage key"). `desc`, `meta`, `timeout`, `retry`, `resources` and `executor` never enter.
 */
export function stageKey(
  block: Omit<LockBlock, 'outs'>,
  outs: readonly string[],
  blake3: Pick<Blake3, 'hash'>,
): Digest {
  const key = new Map<string, Value>([
    ['v', KEY_VERSION],
    ['cmd', commandLines(block.cmd)],
    ['wdir', block.wdir],
    [
      'deps',
      sortedBy(block.deps, ({ path }) => path).map(({ path, digest, files }) => [
        path,
        files === undefined ? 'file' : 'dir',
        digest,
      ]),
    ],
    ['params', block.params],
    ['env', block.env],
    ['outs', outs.toSorted(byCodeUnit)],
  ]);
  return blake3.hash(canonical(key));
}

/** The commands of a stage, one a line: the lines of a text, or the items of a list. */
export function commandLines(cmd: string | readonly string[]): readonly string[] {
  if (typeof cmd !== 'string') return cmd;
  return cmd.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
}
