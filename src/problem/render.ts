import { printable } from '../kit/width.ts';
import { excerpt } from './excerpt.ts';
import { markedLine } from './position.ts';
import type { MarkedLine } from './position.ts';
import type { Place, Problem } from './problem.ts';
import { redactUrls } from './redact.ts';

/** How problems are printed. */
export interface RenderOptions {
  readonly color: boolean;
  /** Width to keep quoted lines within; 100 where nothing is known. */
  readonly columns?: number | undefined;
}

const MOST_PROBLEMS = 100;
const MOST_RELATED = 10;

/**
 * A problem as people read it, without a line end at its end:
 *
 * ```
 * pipeline.yaml:4:12 PIPE_DEP_MISSING  "train" needs data/clean.csv: no stage makes it and it is not on disk
 *   4 |     deps: [data/clean.csv]
 *     |            ^^^^^^^^^^^^^^
 *   hint: add it to the outs of a stage, or fetch it
 * ```
 *
 * Control characters are shown as escapes, and no URL keeps its user, password or secret query values.
 */
export function renderProblem(problem: Problem, options: RenderOptions): string {
  const paint = painter(options.color);
  const { at, code, hint, message, related = [] } = problem;
  const line = at && markedLine(at);
  const where = at ? `${paint.place(placeName(at, line))} ` : '';
  const lines = [`${where}${paint.code(code)}  ${paint.message(words(message))}`, ...quoted(line, options)];
  for (const each of related.slice(0, MOST_RELATED)) {
    const eachLine = each.at && markedLine(each.at);
    const eachWhere = each.at ? `${paint.place(placeName(each.at, eachLine))} ` : '';
    lines.push(`  ${eachWhere}${words(each.message)}`, ...quoted(eachLine, options));
  }
  if (related.length > MOST_RELATED) lines.push(`  … and ${related.length - MOST_RELATED} more places`);
  if (hint !== undefined) lines.push(`  ${paint.hint('hint:')} ${words(hint)}`);
  return lines.join('\n');
}

/** A problem in one line without its code, for lists: `metrics.json:1:9 expected a value`. */
export function problemLine({ at, message }: Problem): string {
  return `${at ? `${placeName(at, markedLine(at))} ` : ''}${redactUrls(printable(message))}`;
}

/** All problems in the order given, one after the other; past a hundred they are counted. */
export function renderProblems(problems: readonly Problem[], options: RenderOptions): string {
  const shown = problems.slice(0, MOST_PROBLEMS).map((problem) => renderProblem(problem, options));
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more problem${more === 1 ? '' : 's'}`] : [])].join('\n');
}

function placeName({ source }: Place, line: MarkedLine | undefined): string {
  const file = redactUrls(printable(source.file));
  return line ? `${file}:${line.line}:${line.column}` : file;
}

function quoted(line: MarkedLine | undefined, { color, columns = 100 }: RenderOptions): string[] {
  if (!line) return [];
  const paint = painter(color);
  const number = String(line.line);
  const gutter = number.length + 5;
  const { text, indent, width } = excerpt(line, Math.max(20, columns - gutter));
  return [
    `  ${paint.gutter(`${number} |`)} ${text}`.trimEnd(),
    `  ${paint.gutter(`${' '.repeat(number.length)} |`)} ${' '.repeat(indent)}${paint.mark('^'.repeat(width))}`,
  ];
}

/** A text of our own with names of others in it: its line ends stay, indented so that no line passes for another. */
function words(text: string): string {
  return redactUrls(text)
    .split('\n')
    .map((line) => printable(line))
    .join('\n    ');
}

function painter(color: boolean) {
  const sgr = (on: number, off: number) => (text: string) => (color ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return {
    place: sgr(36, 39),
    code: sgr(31, 39),
    message: sgr(1, 22),
    gutter: sgr(2, 22),
    mark: sgr(31, 39),
    hint: sgr(36, 39),
  };
}
