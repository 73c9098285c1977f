import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FOOTER, ROW } from '../../store/pack.ts';
import { keysIn, machine, manyFiles, temporaryFolder } from '../fixture/share.ts';
import { DAY_MS, pushed } from './fixture/collect.ts';
import type { RepairedRemote } from './repair-tables.ts';
import { repairRemote } from './repair-tables.ts';

const FILES = 1000;

/** A remote of one pack; what changes it; and what a machine with nothing makes of it. */
async function repaired(
  change: (pack: Buffer) => Buffer,
): Promise<{ readonly packs: RepairedRemote['packs']; readonly aside: readonly string[]; readonly damaged: string }> {
  const folder = temporaryFolder();
  await pushed(machine(folder), manyFiles(FILES));
  const [key] = packsIn(folder);
  const path = join(folder, key!);
  const damaged = change(readFileSync(path));
  chmodSync(path, 0o600);
  writeFileSync(path, damaged);
  const { packs } = await repairRemote(machine(folder).remote, { dry: false, graceMs: DAY_MS });
  const aside = keysIn(folder)
    .filter((each) => each.includes('/quarantine/'))
    .map((each) => readFileSync(join(folder, each), 'latin1'));
  expect(packsIn(folder)).toHaveLength(1);
  return { packs, aside, damaged: damaged.toString('latin1') };
}

function packsIn(folder: string): string[] {
  return keysIn(folder).filter((each) => each.startsWith('v1/packs/'));
}

/** Where the frame of a file begins. */
function frameOf(pack: Buffer, file: number): number {
  return pack.indexOf(`content ${file} `) - 36;
}

/** The pack with its footer harmed, so that its table does not count. */
function withoutFooter(pack: Buffer): Buffer {
  return Buffer.concat([pack.subarray(0, -FOOTER), Buffer.alloc(FOOTER)]);
}

describe('a repair saves everything of a pack that is right', () => {
  test.each([
    ['when nothing but the end of its table is wrong', (pack: Buffer) => pack, { wrong: 0 }],
    [
      'behind a spot of zeros over several objects',
      (pack: Buffer) => pack.fill(0, frameOf(pack, 3) + 10, frameOf(pack, 3) + 210),
      { wrong: 5 },
    ],
    [
      'behind a wrong length',
      (pack: Buffer) => pack.fill(0xff, frameOf(pack, 500), frameOf(pack, 500) + 4),
      { wrong: 1 },
    ],
    [
      'behind a length that leads elsewhere',
      (pack: Buffer) => pack.fill(1, frameOf(pack, 500), frameOf(pack, 500) + 1),
      { wrong: 1 },
    ],
    ['when its first bytes are wrong', (pack: Buffer) => pack.fill(0, 0, 10), { wrong: 0 }],
    ['when a row of its table is wrong, and its object', (pack: Buffer) => {
        pack.fill(0xff, pack.length - FOOTER - 7 * ROW, pack.length - FOOTER - 6 * ROW);
        return pack.fill(0, frameOf(pack, 3) + 40, frameOf(pack, 3) + 41);
      }, { wrong: 1 }], // prettier-ignore
  ] as const)('%s', async (_, change, { wrong }) => {
    const { packs, aside, damaged } = await repaired((pack) => {
      const changed = change(pack);
      changed[changed.length - 1]! ^= 1;
      return changed;
    });
    expect(packs).toMatchObject([{ objects: FILES + 1 - wrong, wrong, unknown: 0 }]);
    expect(aside).toEqual(wrong > 0 ? [damaged] : []);
  });

  test.each([
    ['behind a spot of zeros over several objects', (pack: Buffer) => pack.fill(0, frameOf(pack, 3) + 10, frameOf(pack, 3) + 210), 5],
    ['behind a wrong length', (pack: Buffer) => pack.fill(0xff, frameOf(pack, 500), frameOf(pack, 500) + 4), 1],
    ['behind wrong bytes of several objects', (pack: Buffer) => {
      for (const file of [10, 11, 12]) pack[frameOf(pack, file) + 36]! ^= 1;
      return pack;
    }, 3],
  ] as const)('without any table %s', async (_, change, lost) => {
    const { packs, aside, damaged } = await repaired((pack) => withoutFooter(change(pack)));
    const [pack] = packs;
    expect(pack!.objects).toBe(FILES + 1 - lost);
    // Where nobody knows how many objects were there, bytes are told.
    expect(pack!.wrong === lost || pack!.unknown > 0).toBe(true);
    expect(aside).toEqual([damaged]);
  }); // prettier-ignore

  test('of what is cut off, what is there', async () => {
    const { packs, aside, damaged } = await repaired((pack) => pack.subarray(0, frameOf(pack, 500) + 3));
    expect(packs[0]!.objects).toBeGreaterThan(100);
    expect(packs[0]!.unknown).toBe(3);
    expect(aside).toEqual([damaged]);
  });
});

test('a pack of nothing but heads ends after bounded work', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  await pushed(a, manyFiles(3));
  const [key] = packsIn(folder);
  // Each four bytes say a length that seems to make sense.
  const pack = Buffer.alloc(1 << 20);
  for (let at = 16; at < pack.length; at += 4) pack.writeUInt32LE(65_536, at);
  pack.write('pipe.pack/1\n', 'latin1');
  chmodSync(join(folder, key!), 0o600);
  writeFileSync(join(folder, key!), pack);
  const { packs } = await repairRemote(machine(folder).remote, { dry: true, graceMs: DAY_MS });
  expect(packs).toMatchObject([{ objects: 0 }]);
  expect(packs[0]!.wrong + packs[0]!.unknown).toBeGreaterThan(0);
});
