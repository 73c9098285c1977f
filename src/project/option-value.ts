import { PipeError } from '../problem/problem.ts';
import type { Place } from '../problem/problem.ts';
import type { OptionContent, OptionSpec } from './option.ts';

/** Either what an option holds, or what is wrong with the text that was given for it. */
type Read = { readonly content: OptionContent } | { readonly wrong: string };

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);

/** Reads the text of an option, as it stands on a command line or behind a placeholder. */
export function readOption(spec: OptionSpec, text: string): Read {
  switch (spec.kind) {
    case 'text':
      return text === '' ? { wrong: 'it is empty' } : { content: text };
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
  }
}

function readChoices(choices: readonly string[], text: string): Read {
  const chosen = text.split(',').map((each) => each.trim());
  if (chosen.every((each) => choices.includes(each)) && new Set(chosen).size === chosen.length) {
    return { content: chosen };
  }
  return { wrong: `it takes one or more of ${choices.join(', ')}, each once, separated by commas` };
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

export interface Expansion {
  /** The option it stands in, for messages. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly at?: Place;
}

/**
 * Puts environment variables in place of `${NAME}`; `\${` stands for `${` itself.
 * @throws {PipeError} PIPE_ENV_MISSING naming the first variable that is not set, PIPE_CONFIG_VALUE for `${` without a
 * name.
 */
export function expandPlaceholders(text: string, { name, env, at }: Expansion): string {
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
