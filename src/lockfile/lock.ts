import { posix } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { canonical, parseCanonical } from '../kit/canonical.ts';
import { byCodeUnit } from '../kit/order.ts';
import { readTextFile } from '../kit/text-file.ts';
import type { Value } from '../kit/value.ts';
import { PipeError } from '../problem/problem.ts';
import type { LockBlock } from './block.ts';
import { blockValue, parseBlock } from './block.ts';
import { hasMarks, stagesBetweenMarks } from './conflict.ts';

const SCHEMA = 'pipe.lock/1';

/** What one `pipeline.lock` holds: blocks by the stage's name. */
export type Lock = ReadonlyMap<string, LockBlock>;

/** The lock of a pipeline file, beside it. That of a `dvc.yaml` has another name than DVC's own lock. */
export function lockPathOf(pipelineFile: string): string {
  return posix.join(posix.dirname(pipelineFile), 'pipeline.lock');
}

/**
 * Reads a lock; an absent one is empty. `shown` names the file in problems.
 * @throws {PipeError} PIPE_LOCK_FORMAT for one that is not as `pipe` writes it (a merge conflict, say) or newer.
 */
export function readLock(file: string, shown: string): Lock {
  const text = readTextFile(file, shown);
  return text === undefined ? new Map() : parseLock(text, shown);
}

/** The lock in a text, for instance of another Git revision; throws as `readLock` does. */
export function parseLock(text: string, shown: string): Lock {
  if (hasMarks(text)) throw unmerged(text, shown);
  let document: Value;
  try {
    document = parseCanonical(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(shown, `it is not a lock, or is cut off (${error.message})`);
    throw error;
  }
  const schema = document instanceof Map ? (document as ReadonlyMap<string, Value>).get('schema') : undefined;
  if (!(document instanceof Map) || schema !== SCHEMA) {
    const isNewer = typeof schema === 'string' && schema.startsWith('pipe.lock/');
    const why = `it says schema ${JSON.stringify(schema ?? null)}; this pipe knows ${SCHEMA}`;
    throw damaged(shown, why, isNewer ? 'a newer pipe wrote it: use that one here too' : undefined);
  }
  const stages = (document as ReadonlyMap<string, Value>).get('stages') ?? new Map();
  const lock = new Map<string, LockBlock>();
  if (!(stages instanceof Map)) throw damaged(shown, 'its stages are not a map');
  for (const [name, value] of stages as ReadonlyMap<string, Value>) {
    const block = parseBlock(value);
    if (block === undefined) throw damaged(shown, `the block of "${name}" is not as pipe writes it`);
    lock.set(name, block);
  }
  return lock;
}

/** Names a few of the stages that both sides of the merge changed: those are to be decided. */
function unmerged(text: string, shown: string): PipeError {
  const names = stagesBetweenMarks(text);
  const listed = names.slice(0, 5).map((name) => JSON.stringify(name));
  const more = names.length > listed.length ? `, and ${(names.length - listed.length).toString()} more` : '';
  const which = listed.length === 0 ? '' : `, around ${listed.join(', ')}${more}`;
  const hint =
    'keep one side of each and delete the lines with the marks; `pipe repro` then runs what fits neither side';
  return damaged(shown, `it holds the marks of a Git merge${which}`, hint);
}

function damaged(shown: string, why: string, hint?: string): PipeError {
  return new PipeError({
    code: 'PIPE_LOCK_FORMAT',
    message: `cannot read ${shown}: ${why}`,
    hint: hint ?? `restore it with \`git checkout -- ${shown}\`, or delete it: the next repro writes a new one`,
    at: { source: { file: shown }, offset: 0, length: 0 },
  });
}

/** Writes a lock atomically. Stages are sorted, so that unrelated changes touch unrelated lines. */
export function writeLock(file: string, lock: Lock): void {
  writeFileAtomic(file, lockText(lock));
}

/** The text of a lock file. */
export function lockText(lock: Lock): string {
  const names = [...lock.keys()].sort(byCodeUnit);
  const blocks = names.map((name) => stageText(name, lock.get(name)));
  return blocks.length === 0 ? `${START}{}\n}\n` : lockFrame(`${blocks.join(',\n')}\n`);
}

const START = `{\n  "schema": ${JSON.stringify(SCHEMA)},\n  "stages": `;

/** A lock around the lines of its stages. */
export function lockFrame(stages: string): string {
  return `${START}{\n${stages}  }\n}\n`;
}

/** The lines of one stage in a lock, without comma and line end. */
export function stageText(name: string, block: LockBlock | undefined): string {
  return `    ${JSON.stringify(name)}: ${layout(block === undefined ? null : blockValue(block), 2)}`;
}

/** Breaks maps and lists into lines down to the entries and parameter values, which take one line each. */
function layout(value: Value, depth: number): string {
  const pad = '  '.repeat(depth + 1);
  const close = `\n${'  '.repeat(depth)}`;
  if (value instanceof Map && depth < 5) {
    const map = value as ReadonlyMap<string, Value>;
    if (map.size === 0) return '{}';
    const keys = depth < 3 ? [...map.keys()] : [...map.keys()].sort(byCodeUnit);
    const lines = keys.map((key) => `${pad}${JSON.stringify(key)}: ${member(map.get(key) ?? null, depth)}`);
    return `{\n${lines.join(',\n')}${close}}`;
  }
  if (Array.isArray(value) && depth === 3) {
    return `[\n${value.map((each: Value) => `${pad}${canonical(each)}`).join(',\n')}${close}]`;
  }
  return canonical(value);
}

function member(value: Value, depth: number): string {
  return layout(value, depth + 1);
}
