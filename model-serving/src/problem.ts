/** Why the service cannot start; each code is explained in docs/serving.md. */
export const problemCodes = [
  'SERVE_HOST_UNAVAILABLE',
  'SERVE_MODEL_DAMAGED',
  'SERVE_MODEL_INVALID',
  'SERVE_MODEL_MISSING',
  'SERVE_OPTION_INVALID',
  'SERVE_PORT_IN_USE',
  'SERVE_SELF_TEST_FAILED',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

/** Something that keeps the service from starting, in words for whoever started it. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
}

/** One or more problems on their way to the terminal. Every other exception is a bug of the service. */
export class ServeError extends Error {
  readonly problems: readonly Problem[];

  constructor(problem: Problem | readonly Problem[], options?: { cause?: unknown }) {
    const problems = 'code' in problem ? [problem] : problem;
    super(problems.map((each) => `${each.code} ${each.message}`).join('\n'), options);
    this.name = 'ServeError';
    this.problems = problems;
  }
}

/**
 * A problem as the terminal shows it: code and message on one line, the hint under it. Control characters, which a
 * message may quote from a file, are made harmless.
 */
export function renderProblem({ code, message, hint }: Problem): string {
  const line = message.replaceAll(/\p{Cc}/gu, '\uFFFD');
  return `${code}  ${line}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
}
