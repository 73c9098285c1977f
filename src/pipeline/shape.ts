/**
 * What a part of a pipeline file may look like. One table of shapes (schema.ts) drives both the checker (check.ts) and
 * the JSON Schema for editors (json-schema.ts).
 */
export type Shape =
  | TextShape
  | NumberShape
  | { readonly type: 'bool' | 'null' | 'any' | 'map-of-any' | 'list-of-any' }
  | { readonly type: 'list'; readonly items: Shape }
  | MapShape
  | RecordShape
  | { readonly type: 'either'; readonly of: readonly Shape[] }
  /** `then` for a map that holds one of the keys, `else` for everything else. */
  | { readonly type: 'branch'; readonly on: readonly string[]; readonly then: Shape; readonly else: Shape };

export interface TextShape {
  readonly type: 'text';
  /** The whole text matches it, or holds a `${…}`. */
  readonly pattern?: string;
  /** The pattern in words, such as `a duration such as 90s`. */
  readonly what?: string;
  readonly oneOf?: readonly string[];
}

export interface NumberShape {
  readonly type: 'integer' | 'number';
  readonly min?: number;
  /** Must be greater than it. */
  readonly above?: number;
}

/** A map whose keys the user chooses. */
export interface MapShape {
  readonly type: 'map';
  readonly values: Shape;
  /** At least one key. */
  readonly notEmpty?: true;
}

/** A map whose keys are known. */
export interface RecordShape {
  readonly type: 'record';
  /** What to call it in a message: `a stage`. */
  readonly what: string;
  readonly fields: Fields;
}

export type Fields = Readonly<Record<string, Field>>;

export interface Field {
  readonly shape: Shape;
  /** One sentence or two for editors. */
  readonly doc: string;
  readonly required?: true;
  /** Not a field of DVC: an error in a `dvc.yaml`. */
  readonly ours?: true;
}

export const text: Shape = { type: 'text' };
export const bool: Shape = { type: 'bool' };
export const any: Shape = { type: 'any' };

export function list(items: Shape): Shape {
  return { type: 'list', items };
}

export function map(values: Shape): Shape {
  return { type: 'map', values };
}

export function either(...of: readonly Shape[]): Shape {
  return { type: 'either', of };
}

export function record(what: string, fields: Fields): RecordShape {
  return { type: 'record', what, fields };
}
