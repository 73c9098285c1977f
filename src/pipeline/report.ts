import type { ProblemCode } from '../problem/code.ts';
import type { Place, Problem, Source } from '../problem/problem.ts';

/** A stretch of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a problem says: a message, with a hint or without. */
export type Words = string | { readonly message: string; readonly hint?: string | undefined };

/** Collects everything that is wrong with one file. What the instances of a group share is said once. */
export class Report {
  readonly source: Source;
  readonly problems: Problem[] = [];
  private readonly seen = new Set<string>();
  private readonly starts = new Set<number>();

  constructor(source: Source) {
    this.source = source;
  }

  place({ start, end }: Span): Place {
    return { source: this.source, offset: start, length: end - start };
  }

  add(code: ProblemCode, span: Span, words: Words): void {
    const { message, hint } = typeof words === 'string' ? { message: words } : words;
    const key = `${code} ${String(span.start)} ${message}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.starts.add(span.start);
    this.problems.push({ code, message, at: this.place(span), ...(hint === undefined ? {} : { hint }) });
  }

  /** Whether a problem starts where this node does: then a later check has nothing to add. */
  isFaulty({ start }: Span): boolean {
    return this.starts.has(start);
  }

  addAll(problems: readonly Problem[]): void {
    this.problems.push(...problems);
  }
}
