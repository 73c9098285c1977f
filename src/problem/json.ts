import { markedLine } from './position.ts';
import type { Place, Problem } from './problem.ts';
import { redactUrls } from './redact.ts';

/** Problems as the JSON document that `--json` prints (schema/problems.schema.json). */
export function problemsDocument(problems: readonly Problem[]): unknown {
  return { schema: 'pipe.problems/1', problems: problems.map(problemJson) };
}

/** One problem with lines and columns (from 1) instead of offsets. */
export function problemJson({ code, message, hint, at, related }: Problem): unknown {
  return {
    code,
    message: redactUrls(message),
    ...(hint === undefined ? {} : { hint: redactUrls(hint) }),
    ...(at === undefined ? {} : { at: placeJson(at) }),
    ...(related === undefined
      ? {}
      : {
          related: related.map((each) => ({
            message: redactUrls(each.message),
            ...(each.at ? { at: placeJson(each.at) } : {}),
          })),
        }),
  };
}

function placeJson(place: Place): unknown {
  const marked = markedLine(place);
  const file = redactUrls(place.source.file);
  return marked === undefined ? { file } : { file, line: marked.line, column: marked.column, length: place.length };
}
