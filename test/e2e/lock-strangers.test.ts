import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { lockText } from '../../src/lockfile/lock.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project, save } from './data/commands.ts';
import type { Said } from './data/strangers.ts';
import { COMMANDS, allEnd, plantNested, plantSelf, problemsOf, saidOfWrongList } from './data/strangers.ts';
import { outcomes } from './faults/problem.ts';

const blake3 = await loadBlake3();

const CMD = 'mkdir data; cp in data/x';

/** A project whose stage has made nothing, and whose lock, which a stranger wrote, says what it has made. */
async function strangeLock(rig: Rig, make: () => Promise<Said>): Promise<void> {
  await project(rig);
  await rig.write({ own: 'own\n', in: 'in\n' });
  await does(rig, 'add', 'own');
  await rig.write({
    'pipeline.yaml': { stages: { s: { cmd: CMD, deps: ['in'], outs: ['data'] } } },
    'pipeline.lock': lockOf(await make()),
    '.gitignore': '/own\n/data\n',
  });
  await save(rig, 'from a stranger');
}

function lockOf(said: Said): string {
  const deps = [{ path: 'in', digest: blake3.hash('in\n'), size: 3 }];
  const outs = [{ path: 'data', ...said }];
  return lockText(new Map([['s', { cmd: CMD, wdir: '.', deps, params: new Map(), env: new Map(), outs }]]));
}

/** What is asked of pointers alone is not asked, and what makes the out anew comes by itself. */
const ASKED = COMMANDS.filter(([name]) => !['move', 'remove', 'repro'].includes(name ?? ''));

describe.concurrent('a lock of a stranger', () => {
  test.for([
    ['stands for 2^40 files', 40, 2],
    ['stands for a billion files', 9, 10],
  ] as const)('with a folder that %s is refused, soon', async ([, depth, width], { rig }) => {
    await strangeLock(rig, () => plantNested(rig, depth, width));
    const refused = '2 PIPE_LOCK_FORMAT';
    for (const args of [['fsck'], ['du'], ['diff', 'HEAD', 'workspace']]) {
      const message = 'cannot read pipeline.lock: the block of "s" is not as pipe writes it';
      const found = [...new Set(await problemsOf(rig, ...args))];
      expect([args, found]).toEqual([args, [`PIPE_LOCK_FORMAT ${message}`]]);
    }
    await allEnd(
      rig,
      {
        ...{ status: refused, 'data status --granular': refused, 'gc -w --dry': refused, 'gc -w -f': refused },
        ...{ checkout: refused, 'checkout -f --relink': refused, 'checkout data/x': refused },
        ...{ 'diff HEAD workspace': '1', du: '0', fsck: '1', 'fsck --repair': '1' },
      },
      ASKED,
    );
  });

  test.for([
    ['stands for a billion files', (rig: Rig) => plantNested(rig, 9, 10)],
    ['nests 5,000 deep', (rig: Rig) => plantNested(rig, 5_000, 1)],
    ['contains itself', plantSelf],
  ] as const)(
    'with a folder of one file whose list %s has no such folder, and the stage runs',
    async ([, make], { rig }) => {
      await strangeLock(rig, async () => ({ ...(await make(rig)), size: 1, files: 1 }));
      await allEnd(rig, saidOfWrongList('', make === plantSelf ? '0' : undefined), ASKED);
      await rig.git('checkout', '--', 'pipeline.yaml', 'pipeline.lock');
      expect(outcomes(await rig.pipe(['repro', '--json']))).toEqual({ s: 'ran' });
      expect(await rig.files('data')).toEqual(['x']);
    },
  );
});
