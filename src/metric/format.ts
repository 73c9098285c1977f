import { floatText } from '../kit/format/number.ts';
import type { Value } from '../kit/value.ts';
import { isList, isMap } from '../kit/value.ts';

/** Digits after the point that metrics are shown with, as in DVC. */
export const DEFAULT_PRECISION = 5;
/** More digits than a float has below one. */
export const MAX_PRECISION = 20;

/**
 * A value for a table: floats rounded to `precision` digits after the point as Python's `round` does it, and kept apart
 * from integers (`2.0`, `2`); texts as they are, lists and maps in one line of YAML.
 */
export function formatValue(value: Value, precision?: number): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatFloat(value, precision);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return formatInside(value, precision);
  }
}

/** A difference with its direction: `+0.02`, `-3`, `0`. */
export function formatDelta(delta: bigint | number, precision?: number): string {
  const text = formatValue(delta, precision);
  return delta > 0 ? `+${text}` : text;
}

function formatInside(value: Value, precision: number | undefined): string {
  if (value !== null && isList(value)) return `[${value.map((each) => formatInside(each, precision)).join(', ')}]`;
  if (value !== null && isMap(value)) {
    const pairs = [...value].map(([key, each]) => `${formatInside(key, precision)}: ${formatInside(each, precision)}`);
    return `{${pairs.join(', ')}}`;
  }
  if (typeof value === 'string' && !/^[A-Za-z_][\w.-]*(?: [\w.-]+)*$/.test(value)) return JSON.stringify(value);
  return formatValue(value, precision);
}

function formatFloat(value: number, precision: number | undefined): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (precision === undefined || value === 0) return floatText(value);
  const rounded = roundHalfEven(value, precision);
  // Nothing is gained by showing a small value as zero: it keeps that many significant digits instead.
  return floatText(rounded === 0 ? Number(value.toPrecision(Math.max(1, precision))) : rounded);
}

/**
 * Rounds to `digits` after the point; the exact binary value decides, and what lies exactly in the middle goes to the
 * even digit. `toFixed` is exact but sends the middle upwards.
 */
function roundHalfEven(value: number, digits: number): number {
  if (Math.abs(value) >= 1e21) return value;
  const rounded = value.toFixed(digits);
  // A middle has exactly one digit more, a 5; no float with more binary digits shows zeros up to the hundredth place.
  const exact = value.toFixed(100);
  const point = exact.indexOf('.');
  if (!/^50*$/.test(exact.slice(point + 1 + digits)) || (Number(rounded.at(-1)) & 1) === 0) return Number(rounded);
  const down = exact.slice(0, point + 1 + digits).replace(/\.$/, '');
  return Number(down);
}
