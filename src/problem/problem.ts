import type { ProblemCode } from './code.ts';

/** A text that the user wrote. One object per file, shared by every place in it. */
export interface Source {
  /** Path shown to the user: relative to the project root, posix separators. */
  readonly file: string;
  /** The whole text, to underline places in; absent when it cannot be shown. */
  readonly text?: string;
}

/** A place in a text that the user wrote. */
export interface Place {
  readonly source: Source;
  /** UTF-16 offset into the text. */
  readonly offset: number;
  /** Length of the marked text in UTF-16 units; 0 marks a point. */
  readonly length: number;
}

/** Something that keeps `pipe` from doing what it was asked, in words for the user. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
  readonly at?: Place;
  /** Other places that belong to it, such as the first of two definitions. */
  readonly related?: readonly { readonly message: string; readonly at?: Place }[];
}

/** Either a value or everything that is wrong at once. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** A result that holds a value. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A result that holds problems; there is at least one. */
export function fail(...problems: readonly Problem[]): Result<never> {
  return { ok: false, problems };
}

/** One or more problems on their way to the user. Every other exception is a bug of `pipe`. */
export class PipeError extends Error {
  readonly problems: readonly Problem[];

  constructor(problem: Problem | readonly Problem[], options?: { cause?: unknown }) {
    const problems = 'code' in problem ? [problem] : problem;
    super(problems.map((each) => `${each.code} ${each.message}`).join('\n'), options);
    this.name = 'PipeError';
    this.problems = problems;
  }
}

/**
 * Takes the value out of a result.
 * @throws {PipeError} holding every problem of a failed one.
 */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new PipeError(result.problems);
}
