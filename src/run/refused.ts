import { globMeets } from '../graph/glob.ts';
import { isWithin } from '../kit/path.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import type { Inputs, PartialThing, RefusedInput } from './inputs.ts';

/** With `--pull`: data of which what lies there may be all of it or a part, and no remote can tell. */
function unlistedInputs(partial: readonly PartialThing[]): RefusedInput[] {
  return partial.flatMap(({ parts }) => {
    const paths = parts.flatMap(({ path, isUnlisted }) => (isUnlisted === true ? [path] : []));
    const [first = ''] = paths;
    const more = paths.length > 1 ? ` and ${String(paths.length - 1)} more` : '';
    const problem: Problem = {
      code: 'PIPE_OBJECT_MISSING',
      message: `neither the cache nor a remote has the list of ${first}${more}: whether all of it is here cannot be told`,
      hint: `\`pipe push\` where it is at hand; or make what is here the data: \`pipe add ${first}\``,
    };
    return paths.map((path) => ({ path, problem }));
  });
}

/** What is wrong with some data, each once. */
export function refusals(refused: readonly RefusedInput[]): Problem[] {
  return [...new Map(refused.map(({ problem }) => [problem.message, problem])).values()];
}

/** Of data that no run may read as it is, what a stage reads. */
export function refusedOf({ deps, params }: Stage, refused: readonly RefusedInput[]): RefusedInput[] {
  const meets = (read: string, path: string): boolean => isWithin(read, path) || isWithin(path, read);
  return refused.filter(
    ({ path }) =>
      deps.some((dep) => !dep.url && (dep.glob ? globMeets(dep.path, path) : meets(dep.path, path))) ||
      params.some((param) => meets(param.path, path)),
  );
}

/** What no run may read as it is: with `--pull`, what is away counts as what it is, so that its list must be known. */
export function refusedInputs(inputs: Inputs | undefined, pull: unknown): readonly RefusedInput[] {
  if (inputs === undefined) return [];
  return pull === undefined ? inputs.refused : [...inputs.refused, ...unlistedInputs(inputs.partial)];
}
