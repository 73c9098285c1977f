import { Field } from './field.ts';

/** The form of signature.json that this service reads. */
const SIGNATURE_SCHEMA = 'pipe.signature/1';

const MOST_FEATURES = 1_000;
const MOST_SERIES = 10_000;
const LONGEST_WINDOW = 10_000;
const WIDEST_INPUT = 65_536;
const LONGEST_EXAMPLE = 20_000;
const SHA256 = { pattern: /^[0-9a-f]{64}$/, name: 'a SHA-256 in hex' };
const VERSION = { pattern: /^[0-9a-f]{12}$/, name: '12 hex digits' };

/** Standard scaling of one series: scaled = (x − mean) / scale, both [features]. */
export interface Scaling {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** What signature.json says of a published model, checked; see docs/model-format.md. */
export interface Signature {
  readonly name: string;
  readonly detector: string;
  readonly version: string;
  readonly input: {
    readonly features: readonly string[];
    readonly units: Readonly<Record<string, unknown>>;
    /** Rows in one window. */
    readonly window: number;
    readonly series: readonly string[];
  };
  readonly scaling: { readonly series: ReadonlyMap<string, Scaling>; readonly default: Scaling };
  /** Whether the error is taken over a window's last row or over all of it. */
  readonly scoredRows: 'last' | 'all';
  readonly threshold: number;
  readonly thresholdRule: Readonly<Record<string, unknown>>;
  /** SHA-256 in hex of the two files beside the signature. */
  readonly sha256: { readonly model: string; readonly weights: string };
  readonly example: {
    /** [rows, features], unscaled. */
    readonly rows: readonly (readonly number[])[];
    readonly series: string | undefined;
    /** One per row that ends a full window: [rows − window + 1]. */
    readonly scores: readonly number[];
  };
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly provenance: Readonly<Record<string, unknown>>;
}

/**
 * Checks a parsed signature.json, which is untrusted: sizes are bounded and lengths agree before anything is used.
 * @returns the signature, or every problem found in it.
 */
export function readSignature(json: unknown): Signature | { readonly problems: readonly string[] } {
  const root = new Field(json, 'signature');
  root.at('schema').oneOf([SIGNATURE_SCHEMA]);
  // Another schema may differ everywhere: what follows would only be noise.
  if (root.problems.length > 0) return { problems: root.problems };

  const input = readInput(root.at('input'));
  const signature: Signature = {
    name: root.at('name').text(),
    detector: root.at('detector').text(),
    version: root.at('version').text(VERSION),
    input,
    scaling: readScaling(root.at('scaling'), input),
    scoredRows: readScore(root.at('score')),
    threshold: root.at('threshold').number({ min: 0 }),
    thresholdRule: root.at('thresholdRule').json(),
    sha256: readFiles(root.at('model')),
    example: readExample(root.at('example'), input),
    metrics: root.at('metrics').json(),
    provenance: root.at('provenance').json(),
  };
  return root.problems.length > 0 ? { problems: root.problems } : signature;
}

function readInput(field: Field): Signature['input'] {
  const features = field.at('features').list({ min: 1, max: MOST_FEATURES });
  const series = field.at('series').list({ max: MOST_SERIES });
  const input = {
    features: features.map((each) => each.text()),
    units: field.at('units').json(1),
    window: field.at('window').number({ integer: true, min: 1, max: LONGEST_WINDOW }),
    series: series.map((each) => each.text()),
  };
  if (new Set(input.features).size < input.features.length) field.at('features').report('names a feature twice');
  if (new Set(input.series).size < input.series.length) field.at('series').report('names a series twice');
  if (input.window * input.features.length > WIDEST_INPUT) {
    field.report(`is wider than ${String(WIDEST_INPUT)} values (window × features)`);
  }
  return input;
}

function readScaling(field: Field, input: Signature['input']): Signature['scaling'] {
  field.at('kind').oneOf(['standard']);
  const one = (each: Field): Scaling => {
    const length = { min: input.features.length, max: input.features.length };
    return { mean: each.at('mean').numbers(length), scale: each.at('scale').numbers(length, { above: 0 }) };
  };
  const series = new Map<string, Scaling>();
  for (const [name, each] of field.at('series').entries(MOST_SERIES)) {
    if (!input.series.includes(name)) each.report('is not one of signature.input.series');
    series.set(name, one(each));
  }
  for (const name of input.series) {
    if (!series.has(name)) field.at('series').report(`lacks "${name}", which signature.input.series names`);
  }
  return { series, default: one(field.at('default')) };
}

function readScore(field: Field): 'last' | 'all' {
  field.at('kind').oneOf(['reconstruction-error']);
  field.at('reduce').oneOf(['mse']);
  return field.at('rows').oneOf(['last', 'all']);
}

function readFiles(field: Field): Signature['sha256'] {
  field.at('format').oneOf(['tfjs-layers']);
  // Fixed names: a name taken from the file could point anywhere on this machine.
  field.at('file').oneOf(['model.json']);
  field.at('weights').oneOf(['weights.bin']);
  const sha256 = field.at('sha256');
  return { model: sha256.at('model.json').text(SHA256), weights: sha256.at('weights.bin').text(SHA256) };
}

function readExample(field: Field, input: Signature['input']): Signature['example'] {
  const width = { min: input.features.length, max: input.features.length };
  const rows = field.at('rows').list({ min: Math.max(input.window, 1), max: LONGEST_EXAMPLE });
  const scored = Math.max(rows.length - input.window + 1, 0);
  const series = field.at('series').exists ? field.at('series').text() : undefined;
  if (series !== undefined && !input.series.includes(series)) field.at('series').report('is not a known series');
  return {
    rows: rows.map((row) => row.numbers(width)),
    series,
    scores: field.at('scores').numbers({ min: scored, max: scored }, { min: 0 }),
  };
}
