import type { MapEntry, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { describe } from './check.ts';
import type { Report } from './report.ts';
import { ENV_NAME } from './schema.ts';
import { templateText } from './text.ts';

/** What a stage says about its environment. */
export interface Environment {
  readonly env: ReadonlyMap<string, string>;
  readonly envDeps: readonly string[];
  readonly secrets: readonly string[];
}

/** Set by pipe itself for every command. */
const RESERVED = new Set(['DVC_ROOT', 'DVC_STAGE', 'PIPE_ROOT', 'PIPE_STAGE']);

const NOTHING: Environment = { env: new Map(), envDeps: [], secrets: [] };

/** Reads `env` (a map, or a list of maps and names) and `secrets`. */
export function readEnvironment(env: YamlNode | undefined, secrets: YamlNode | undefined, report: Report): Environment {
  if (env === undefined && secrets === undefined) return NOTHING;
  const values = new Map<string, string>();
  const deps = new Set<string>();
  const hidden = new Set<string>();
  for (const item of env?.kind === 'seq' ? env.items : env === undefined ? [] : [env]) {
    if (item.kind === 'map') {
      for (const entry of item.entries) setValue(entry, values, report);
    } else if (item.kind === 'scalar' && typeof item.value === 'string') {
      if (isName(item, report)) deps.add(item.value);
    }
  }
  for (const item of secrets?.kind === 'seq' ? secrets.items : []) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || !isName(item, report)) continue;
    const { value: name } = item;
    hidden.add(name);
    if (!values.has(name) && !deps.has(name)) continue;
    const hint = 'a secret is passed on as it is: remove it from env';
    report.add('PIPE_FIELD_VALUE', item, { message: `${name} is both in env and in secrets`, hint: hint });
  }
  for (const name of deps) {
    if (values.has(name) && env !== undefined) {
      report.add('PIPE_FIELD_VALUE', env, {
        message: `env both sets ${name} and depends on it`,
        hint: 'keep one of the two',
      });
    }
  }
  return { env: values, envDeps: [...deps], secrets: [...hidden] };
}

function setValue({ key, value }: MapEntry, values: Map<string, string>, report: Report): void {
  if (!isName(key, report)) return;
  const name = keyText(key);
  if (values.has(name)) {
    report.add('PIPE_KEY_DUPLICATE', key, { message: `env sets ${name} twice`, hint: 'keep one of them' });
  } else if (value.kind === 'scalar' && value.value !== null) {
    const text = templateText(value.value);
    if (text.includes('\0')) report.add('PIPE_FIELD_VALUE', value, `the value of ${name} holds a NUL character`);
    else values.set(name, text);
  } else if (value.kind !== 'scalar' || value.derived === true) {
    report.add('PIPE_FIELD_TYPE', value, `${name} must be a text, found ${describe(value)}`);
  }
}

function isName(node: ScalarNode, report: Report): boolean {
  const name = keyText(node);
  if (!new RegExp(ENV_NAME).test(name)) {
    report.add('PIPE_FIELD_VALUE', node, {
      message: `"${name}" is not the name of an environment variable`,
      hint: 'use letters, digits and _',
    });
    return false;
  }
  if (!RESERVED.has(name)) return true;
  report.add('PIPE_FIELD_VALUE', node, {
    message: `${name} is set by pipe for every command`,
    hint: 'choose another name',
  });
  return false;
}
