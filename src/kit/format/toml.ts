import type * as Toml from 'smol-toml';
import { createRequire } from 'node:module';
import type { Value } from '../value.ts';
import { FormatError, MAX_DEPTH } from './json.ts';

// Loaded only when a project has a TOML file.
const load = createRequire(import.meta.filename);

/**
 * Reads TOML 1.0. Dates and times become texts.
 * @throws {FormatError}
 */
export function readToml(text: string): Value {
  const toml = load('smol-toml') as typeof Toml;
  try {
    return toValue(toml.parse(text, { integersAsBigInt: true, maxDepth: MAX_DEPTH }), 0);
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error;
    const reason = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw new FormatError(reason, offsetOf(text, error.line, error.column));
  }
}

function toValue(value: Toml.TomlValue, depth: number): Value {
  if (depth > MAX_DEPTH) throw new FormatError(`tables nest deeper than ${String(MAX_DEPTH)} levels`, 0);
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => toValue(item, depth + 1));
  if (value instanceof Date) return value.toISOString().replace('.000', '');
  if (!isTable(value)) return String(value);
  return new Map(Object.entries(value).map(([key, item]) => [key, toValue(item, depth + 1)]));
}

function isTable(value: object): value is Toml.TomlTable {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let passed = 1; passed < line; passed++) start = text.indexOf('\n', start) + 1;
  return Math.min(text.length, start + column - 1);
}
