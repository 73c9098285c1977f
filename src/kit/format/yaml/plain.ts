import { readInteger } from '../number.ts';
import type { Scalar } from './node.ts';

// The YAML 1.2 kinds as ruamel.yaml, DVC's reader, tells them apart: `1_000` is an integer, `010` is ten, `1e5` is a
// float, `.5e3` is a text (an exponent after a bare fraction needs its sign), `yes` and `on` are texts.
const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:true|True|TRUE)$/;
const FALSE = /^(?:false|False|FALSE)$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?)$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NAN = /^\.(?:nan|NaN|NAN)$/;

/** The kinds that a plain (unquoted) scalar can have begin with one of these. */
const MAYBE = /^(?:$|[-+.0-9~nNtTfF])/;

/** An integer with more digits than Python reads. */
export const TOO_LONG = Symbol('too long');

/** The value of an unquoted scalar, by YAML 1.2 as DVC reads it; `TOO_LONG` for an integer of absurd length. */
export function resolvePlain(text: string): Scalar | typeof TOO_LONG {
  if (!MAYBE.test(text)) return text;
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (INTEGER.test(text)) return integer(text);
  if (FLOAT.test(text) && /[0-9]/.test(text)) return float(text);
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (NAN.test(text)) return NaN;
  return text;
}

function integer(text: string): Scalar | typeof TOO_LONG {
  const digits = text.replaceAll('_', '');
  if (/[box]$/.test(digits)) return text;
  return readInteger(digits) ?? TOO_LONG;
}

function float(text: string): number {
  return Number(text.replaceAll('_', ''));
}
