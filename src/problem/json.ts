import type { Place, Problem } from './problem.ts';

/** Problems as the JSON document that `--json` prints (schema/problems.schema.json). */
export function problemsDocument(problems: readonly Problem[]): unknown {
  return { schema: 'pipe.problems/1', problems: problems.map(problemJson) };
}

/** One problem with lines and columns (from 1) instead of offsets. */
export function problemJson({ code, message, hint, at, related }: Problem): unknown {
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { at: placeJson(at) }),
    ...(related === undefined
      ? {}
      : { related: related.map((each) => ({ message: each.message, ...(each.at ? { at: placeJson(each.at) } : {}) })) }),
  };
}

function placeJson({ source, offset, length }: Place): unknown {
  if (source.text === undefined) return { file: source.file };
  const before = source.text.slice(0, offset).split('\n');
  return { file: source.file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, length };
}
