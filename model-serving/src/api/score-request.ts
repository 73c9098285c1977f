import { isRecord } from '../model/field.ts';
import type { Model, Rows } from '../model/model.ts';
import { ApiError, type ErrorDetail } from './error.ts';

/** The body of `POST /v1/score`, checked. */
export interface ScoreRequest {
  readonly rows: Rows;
  readonly series: string | undefined;
}

const MOST_DETAILS = 20;
const MOST_SHOWN_SERIES = 10;
const LONGEST_SHOWN = 40;

/** Collects what is wrong; what comes after the 20th is dropped. */
class Findings {
  readonly details: ErrorDetail[] = [];

  get full(): boolean {
    return this.details.length === MOST_DETAILS;
  }

  report(path: string, message: string): void {
    if (!this.full) this.details.push({ path, message });
  }
}

/**
 * Checks the body of a request to score rows and gives every wrong place at once, up to 20.
 * By hand and not by JSON Schema: a row may be a list or an object, and a schema's messages for that help nobody.
 * @throws {ApiError} 422
 */
export function readScoreRequest(body: unknown, model: Model): ScoreRequest {
  const findings = new Findings();
  if (!isRecord(body)) {
    throw invalid([{ path: '', message: `must be an object with "rows", it is ${describe(body)}` }]);
  }
  for (const key of Object.keys(body)) {
    if (key === 'rows' || key === 'series') continue;
    findings.report(pointer('', key), 'is not known; known are "rows" and "series"');
  }
  const series = readSeries(body['series'], model.signature.input.series, findings);
  const rows = readRows(body['rows'], model, findings);
  if (findings.details.length > 0) throw invalid(findings.details);
  return { rows, series };
}

/** The error of a request whose body is wrong in the given places. */
export function invalid(details: readonly ErrorDetail[]): ApiError {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${String(details.length - 1)} more)` : '';
  const place = first?.path === '' ? 'the body' : (first?.path ?? '');
  return new ApiError(422, {
    code: 'REQUEST_INVALID',
    message: `${place} ${first?.message ?? ''}${more}`,
    hint: 'see GET /docs for the form of a request',
    details,
  });
}

function readSeries(value: unknown, known: readonly string[], findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && known.includes(value)) return value;
  const names = known.slice(0, MOST_SHOWN_SERIES).map((each) => JSON.stringify(each));
  if (known.length > names.length) names.push(`${String(known.length - names.length)} more`);
  const list = names.length > 0 ? `known are ${names.join(', ')}` : 'this model knows none';
  findings.report('/series', `is ${describe(value)}; ${list}; leave it out for the default scaling`);
  return undefined;
}

function readRows(list: unknown, { signature, maxRows }: Model, findings: Findings): Rows {
  const { features, window } = signature.input;
  const none = { values: new Float64Array(), count: 0 };
  if (!Array.isArray(list)) {
    const message = list === undefined ? 'is missing: a list of rows' : `must be a list, it is ${describe(list)}`;
    findings.report('/rows', message);
    return none;
  }
  const held = `it holds ${String(list.length)}`;
  if (list.length < window) findings.report('/rows', `must hold at least ${plural(window)} (one window), ${held}`);
  if (list.length > maxRows) {
    findings.report('/rows', `must hold at most ${plural(maxRows)}, ${held}`);
    return none;
  }
  const values = new Float64Array(list.length * features.length);
  const readRow = rowReader(features, findings);
  for (const [i, row] of list.entries()) {
    values.set(readRow(row, `/rows/${String(i)}`), i * features.length);
    if (findings.full) break;
  }
  return { values, count: list.length };
}

/** Reads a row, in the order of the features or by their names; a wrong one may come out short, and is reported. */
function rowReader(features: readonly string[], findings: Findings) {
  const known = new Set(features);
  const names = features.join(', ');
  const readNumber = (value: unknown, path: string): number => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    findings.report(path, `must be a finite number, it is ${describe(value)}`);
    return 0;
  };

  return (row: unknown, path: string): number[] => {
    if (Array.isArray(row)) {
      if (row.length === features.length) return row.map((value, j) => readNumber(value, `${path}/${String(j)}`));
      findings.report(path, `must hold ${String(features.length)} numbers (${names}), it holds ${String(row.length)}`);
      return [];
    }
    if (!isRecord(row)) {
      findings.report(path, `must be a list of numbers or an object by feature name, it is ${describe(row)}`);
      return [];
    }
    for (const key of Object.keys(row)) {
      if (!known.has(key)) findings.report(pointer(path, key), `is not a feature; features are ${names}`);
    }
    return features.map((name) => {
      if (Object.hasOwn(row, name)) return readNumber(row[name], pointer(path, name));
      findings.report(path, `lacks "${name}"`);
      return 0;
    });
  };
}

function plural(rows: number): string {
  return rows === 1 ? '1 row' : `${String(rows)} rows`;
}

function pointer(path: string, key: string): string {
  const name = key.length > LONGEST_SHOWN ? `${key.slice(0, LONGEST_SHOWN)}…` : key;
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'string') {
    const shown = value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;
    return `the text ${JSON.stringify(shown)}`;
  }
  return String(value);
}
