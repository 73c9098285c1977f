import { parseData } from '../kit/format/data.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { isList, isMap } from '../kit/value.ts';
import { PipeError } from '../problem/problem.ts';
import { parseEntry } from './block.ts';
import type { PointedOuts, Sharing } from './needed.ts';
import { namingResolve } from './resolve-hint.ts';

const SCHEMA = 'pipe.pointer/1';

/**
 * Reads what a pointer says lies where, as far as that must be known of old revisions: fields that it does not know are
 * left alone.
 * @param shown what messages call the file
 * @throws {PipeError} PIPE_POINTER_FORMAT, or that of broken YAML
 */
export function readPointerOuts(text: string, shown: string): PointedOuts {
  const document = parsed(text, shown);
  if (!isMapping(document)) throw damaged(shown, 'it is not a map');
  const schema = document.get('schema');
  if (schema !== SCHEMA) {
    const named = typeof schema === 'string' ? JSON.stringify(schema.slice(0, 40)) : 'nothing';
    throw damaged(shown, `its schema says ${named}; this pipe knows ${SCHEMA}`);
  }
  const wdir = document.get('wdir') ?? '.';
  const outs = document.get('outs');
  if (typeof wdir !== 'string') throw damaged(shown, 'its wdir is not a text');
  if (!Array.isArray(outs)) throw damaged(shown, 'it has no list of outs');
  const deps = document.get('deps') ?? [];
  const isFromRepo = isList(deps) && deps.some((dep) => isMapping(dep) && dep.has('repo'));
  if (isPending(deps, isFromRepo, outs as readonly Value[])) return { wdir, outs: [] };
  return { wdir, outs: (outs as readonly Value[]).map((out) => outOf(out, { shown, isFromRepo })) };
}

/** Of an import that was not downloaded yet nothing is known that anybody could need. */
function isPending(deps: Value, isFromRepo: boolean, outs: readonly Value[]): boolean {
  const [out] = outs;
  if (!isList(deps) || deps.length !== 1 || isFromRepo || outs.length !== 1 || out === undefined) return false;
  return isMapping(out) && typeof out.get('path') === 'string' && !out.has('digest') && !out.has('size');
}

function parsed(text: string, shown: string): Value {
  try {
    return parseData(text, 'yaml', shown);
  } catch (error) {
    throw error instanceof PipeError ? new PipeError(namingResolve(error.problems, { file: shown, text })) : error;
  }
}

function isMapping(value: Value): value is ValueMap {
  return value !== null && isMap(value);
}

interface Around {
  readonly shown: string;
  /** Whether it was imported from a repository, which has it. */
  readonly isFromRepo: boolean;
}

function outOf(value: Value, { shown, isFromRepo }: Around): PointedOuts['outs'][number] {
  const entry = parseEntry(value);
  if (entry === undefined) throw damaged(shown, 'an out lacks its path, digest or size');
  const sharing = isMapping(value) ? sharingOf(value, isFromRepo) : {};
  return Object.keys(sharing).length === 0 ? entry : { ...entry, sharing };
}

function sharingOf(out: ValueMap, isFromRepo: boolean): Sharing {
  const [push = !isFromRepo, remote] = [out.get('push'), out.get('remote')];
  return { ...(push === false ? { push } : {}), ...(typeof remote === 'string' ? { remote } : {}) };
}

function damaged(shown: string, why: string): PipeError {
  return new PipeError({
    code: 'PIPE_POINTER_FORMAT',
    message: `cannot read ${shown}: ${why}`,
    hint: `restore it with \`git checkout -- ${shown}\`, or add the data anew`,
    at: { source: { file: shown }, offset: 0, length: 0 },
  });
}
