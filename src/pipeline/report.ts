import type { ProblemCode } from '../problem/code.ts';
import type { Place, Problem, Source } from '../problem/problem.ts';

/** A stretch of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Collects everything that is wrong with one file. What the instances of a group share is said once. */
export class Report {
  readonly source: Source;
  readonly problems: Problem[] = [];
  private readonly seen = new Set<string>();

  constructor(source: Source) {
    this.source = source;
  }

  place({ start, end }: Span): Place {
    return { source: this.source, offset: start, length: end - start };
  }

  add(code: ProblemCode, message: string, span: Span, hint?: string): void {
    const key = `${code} ${String(span.start)} ${message}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.problems.push({ code, message, at: this.place(span), ...(hint === undefined ? {} : { hint }) });
  }

  addAll(problems: readonly Problem[]): void {
    this.problems.push(...problems);
  }
}
