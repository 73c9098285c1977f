import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Place } from '../store/place/place.ts';

/**
 * What to say of a remote of which there is nothing at all: before the first push, or where its path is misspelt. Who
 * reads never makes it.
 * @param name what the configuration calls it
 */
export async function absentPlace(name: string, place: Pick<Place, 'name' | 'isAbsent'>): Promise<Problem[]> {
  if ((await place.isAbsent?.()) !== true) return [];
  return [
    {
      code: 'PIPE_REMOTE_NO_FOLDER',
      message: `there is no folder ${place.name}, where the remote ${name} should be`,
      hint: `the first \`pipe push\` makes it; if somebody has pushed already, its path is another one, or a disk is not mounted: \`pipe remote modify --local ${name} url PATH\``,
    },
  ];
}

/** @throws {PipeError} PIPE_REMOTE_NO_FOLDER */
export async function refuseAbsentPlace(name: string, place: Pick<Place, 'name' | 'isAbsent'>): Promise<void> {
  const problems = await absentPlace(name, place);
  if (problems.length > 0) throw new PipeError(problems);
}
