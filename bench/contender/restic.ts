import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resticFolder } from '../../test/setup/restic.ts';
import { findProgram } from '../program.ts';
import type { Absent, Command, Contender, Finished, Prepared, World } from '../scenario.ts';

/** A run of restic, which is to be told its repository. */
export type Restic = (...words: readonly string[]) => Command;

/**
 * restic, if it is there.
 * @param runs how often it runs, where a run takes too long for as many as the others
 */
export function resticContender(
  prepare: (world: World, restic: Restic) => Prepared,
  runs?: number,
): Contender | Absent {
  const file = findProgram('restic', [resticFolder()]);
  if (file === undefined) {
    const absent = 'not installed: `npm run setup:bench`, or the Debian package restic';
    return { name: 'restic', role: 'peer', absent };
  }
  return {
    name: `restic ${versionOf(file)}`,
    role: 'peer',
    fresh: false,
    ...(runs === undefined ? {} : { runs }),
    prepare(world) {
      const password = join(world.folder, 'password');
      writeFileSync(password, 'none');
      return prepare(world, (...words) => ({ file, args: [...words, '--password-file', password] }));
    },
  };
}

/** The last line that a backup prints, as JSON, says what it has done. */
export function verifySummary({ stdout }: Finished, expected: Readonly<Record<string, number>>): void {
  const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  const wrong = Object.entries(expected).find(([name, value]) => summary[name] !== value);
  if (wrong !== undefined)
    throw new Error(`restic says ${wrong[0]} ${String(summary[wrong[0]])} instead of ${wrong[1]}`);
}

function versionOf(file: string): string {
  return /\d+\.\d+\.\d+/.exec(spawnSync(file, ['version'], { encoding: 'utf8' }).stdout)?.[0] ?? 'unknown';
}
