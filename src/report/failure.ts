import type { StageEndEvent } from '../event/event.ts';
import { renderProblem } from '../problem/render.ts';
import { outputLine } from './output.ts';
import type { Style } from './style.ts';

export interface FailureOptions {
  readonly color: boolean;
  readonly style: Style;
  readonly columns: number;
  /** False where the last lines of output stand right above. */
  readonly tail: boolean;
}

/** What went wrong with a stage, below the line that says so: its problem, and the last lines that it printed. */
export function failureLines({ problem, tail = [] }: StageEndEvent, options: FailureOptions): string[] {
  const { color, style, columns } = options;
  const problemLines = problem ? renderProblem(problem, { color, columns: columns - 2 }).split('\n') : [];
  const output = options.tail ? tail.map((line) => `${style.dim('│')} ${outputLine(line, { color })}`.trimEnd()) : [];
  return [...problemLines, ...output].map((line) => `  ${line}`);
}
