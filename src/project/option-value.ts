import { PipeError } from '../problem/problem.ts';
import type { Place, Problem } from '../problem/problem.ts';
import type { OptionContent, OptionSpec } from './option.ts';

/** Either what an option holds, or what is wrong with the text that was given for it. */
type Read = { readonly content: OptionContent } | { readonly wrong: string };

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);

/** Reads the text of an option, as it stands on a command line or behind a placeholder. */
export function readOption(spec: OptionSpec, text: string): Read {
  switch (spec.kind) {
    case 'text':
      if (text === '') return { wrong: 'it is empty' };
      return spec.form?.pattern.test(text) === false ? { wrong: spec.form.wrong } : { content: text };
    case 'boolean':
      if (TRUE.has(text.toLowerCase())) return { content: true };
      return FALSE.has(text.toLowerCase()) ? { content: false } : { wrong: 'it takes true or false' };
    case 'integer': {
      const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
      if (number >= spec.min && number <= spec.max) return { content: number };
      return { wrong: `it takes a whole number from ${spec.min} to ${spec.max}` };
    }
    case 'choice':
      return spec.choices.includes(text) ? { content: text } : { wrong: `it takes ${spec.choices.join(' or ')}` };
    case 'choices':
      return readChoices(spec.choices, text);
    case 'variables':
      return readVariables(text);
  }
}

function readChoices(choices: readonly string[], text: string): Read {
  const chosen = text.split(',').map((each) => each.trim());
  if (chosen.every((each) => choices.includes(each)) && new Set(chosen).size === chosen.length) {
    return { content: chosen };
  }
  return { wrong: `it takes one or more of ${choices.join(', ')}, each once, separated by commas` };
}

/** What opens the way to all that is shared; no file that Git tracks is ever given it. */
const NEVER_GIVEN = /^(?:PIPE_SIGNING_KEY$|AWS_)/;

function readVariables(text: string): Read {
  const names = text.split(',').map((each) => each.trim());
  if (!names.every((each) => VARIABLE.test(each))) {
    return { wrong: 'it takes names of environment variables, separated by commas' };
  }
  const never = names.find((each) => NEVER_GIVEN.test(each));
  if (never === undefined) return { content: [...new Set(names)] };
  return { wrong: `${never} is never given to a file that Git tracks` };
}

const PLACEHOLDER = /\\(\$\{)|\$\{([^}]*)\}?/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a text holds nothing but placeholders, so that it gives no secret away. */
export function isPlaceholder(text: string): boolean {
  return /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\})+$/.test(text);
}

/** Whether a text holds a placeholder, so that its value is known only on use. */
export function hasPlaceholder(text: string): boolean {
  return text.includes('${');
}

/** The environment variables that a text may ask for: those of a list, or all where the user wrote it here. */
export type Allowed = ReadonlySet<string> | 'all';

export interface Expansion {
  /** The option it stands in, for messages. */
  readonly name: string;
  /** A file in Git may be a stranger's, and what it makes of a variable may be sent to the stranger. */
  readonly allowed: Allowed;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly at?: Place;
}

/**
 * Puts environment variables in place of `${NAME}`; `\${` stands for `${` itself.
 * @throws {PipeError} PIPE_ENV_MISSING naming the first variable that is not set, PIPE_ENV_REFUSED one that is not
 * allowed, PIPE_CONFIG_VALUE for `${` without a name.
 */
export function expandPlaceholders(text: string, { name, env, at, allowed }: Expansion): string {
  const place = at === undefined ? {} : { at };
  return text.replace(PLACEHOLDER, (whole: string, escaped: string | undefined, variable: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (variable === undefined || !whole.endsWith('}') || !VARIABLE.test(variable)) {
      throw new PipeError({
        code: 'PIPE_CONFIG_VALUE',
        message: `${name} holds a \${ without the name of an environment variable and a }`,
        hint: 'write ${NAME}, or \\${ for the text itself',
        ...place,
      });
    }
    // Whether it is set is nothing that a stranger learns, either.
    if (allowed !== 'all' && !allowed.has(variable)) throw new PipeError({ ...refused(name, variable, allowed), ...place }); // prettier-ignore
    const value = env[variable];
    if (value !== undefined) return value;
    throw new PipeError({
      code: 'PIPE_ENV_MISSING',
      message: `${name} needs the environment variable ${variable}, which is not set`,
      hint: `run \`export ${variable}=…\` first`,
      ...place,
    });
  });
}

function refused(name: string, variable: string, allowed: ReadonlySet<string>): Problem {
  const message = `${name} asks for the environment variable ${variable}, which a file that Git tracks is not given`;
  const isNever = NEVER_GIVEN.test(variable);
  const hint = isNever
    ? 'set the option on this machine, with --local or --global'
    : `if you trust who wrote it: \`pipe config --local core.env ${[...allowed, variable].join(',')}\``;
  return { code: 'PIPE_ENV_REFUSED', message, hint };
}

/** Shorter values would stand in every other word. */
const SHORTEST_HIDDEN = 4;

/** An error that says of a text no more than the text did: placeholders stand where their values stood. */
export function hidingValues(error: unknown, written: string, env: Expansion['env']): unknown {
  if (!(error instanceof PipeError) || !hasPlaceholder(written)) return error;
  const problems = error.problems.map((problem) => ({
    ...problem,
    message: hideValues(problem.message, written, env),
  }));
  return new PipeError(problems);
}

function hideValues(said: string, written: string, env: Expansion['env']): string {
  let hidden = said;
  for (const [, , variable = ''] of written.matchAll(PLACEHOLDER)) {
    const value = env[variable];
    if (value === undefined || value.length < SHORTEST_HIDDEN) continue;
    for (const each of [value, encodeURIComponent(value)]) hidden = hidden.replaceAll(each, () => `\${${variable}}`);
  }
  return hidden;
}
