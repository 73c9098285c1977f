import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, startOf, thisOwner } from '../kit/owner.ts';
import { loadXxh64 } from '../kit/xxhash.ts';
import type { LockBlock } from './block.ts';
import { LockState } from './lock-state.ts';
import { lockText, parseLock } from './lock.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64();
const STAGE = { file: 'pipeline.yaml', name: 'train' };
/** Another process that runs, and one that does not. */
const OTHER: Owner = { ...thisOwner(), pid: 1, start: startOf(1) ?? '' };
const GONE: Owner = { ...thisOwner(), start: '1' };

let root: string;
let time = 0;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-state-')));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function open(owner: Owner = thisOwner(), sum = checksum): LockState {
  return new LockState({
    root,
    journals: join(root, '.pipe/tmp/journal'),
    owner,
    blake3,
    checksum: sum,
    now: () => (time += 1),
  });
}

function block(cmd: string): LockBlock {
  return { cmd, wdir: '.', deps: [], params: new Map(), env: new Map(), outs: [] };
}

function onDisk(): ReadonlyMap<string, LockBlock> {
  return parseLock(readFileSync(join(root, 'pipeline.lock'), 'utf8'), 'pipeline.lock');
}

test('what one process records another sees at once, before it is in the lock', () => {
  open().record(STAGE, block('a'));
  expect(open(OTHER).block(STAGE)).toEqual(block('a'));
  expect(existsSync(join(root, 'pipeline.lock'))).toBe(false);
});

test('a killed run loses nothing that it had recorded: the next one folds it', () => {
  const killed = open(GONE);
  killed.record(STAGE, block('a'));
  killed.record({ ...STAGE, name: '__proto__' }, block('b'));
  const state = open();
  expect(state.hasJournals).toBe(true);
  state.fold();
  expect(onDisk()).toEqual(new Map([['__proto__', block('b')], ['train', block('a')]])); // prettier-ignore
  expect([state.hasJournals, state.block(STAGE)]).toEqual([false, block('a')]);
});

test('a journal of a process that still runs is folded but stays, and it can be folded again', () => {
  const other = open(OTHER);
  other.record(STAGE, block('a'));
  const state = open();
  state.fold();
  expect([state.hasJournals, onDisk().get('train')]).toEqual([true, block('a')]);
  other.refresh(STAGE);
  other.record(STAGE, block('b'));
  state.fold();
  state.fold();
  expect(onDisk().get('train')).toEqual(block('b'));
});

test('what a process records while others fold, and is killed right after, is not lost', () => {
  const child = spawn('sleep', ['100']);
  const pid = child.pid ?? 0;
  const dying: Owner = { ...thisOwner(), pid, start: startOf(pid) ?? '' };
  open(dying).record({ ...STAGE, name: 'first' }, block('a'));
  const other = open(dying);
  const state = open(thisOwner(), (text) => {
    const sum = checksum(text);
    if (isGone(dying)) return sum;
    // The journal of `first` has just been read.
    other.record(STAGE, block('b'));
    child.kill('SIGKILL');
    while (!isGone(dying)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return sum;
  });
  state.fold();
  state.fold();
  expect([onDisk().get('first'), onDisk().get('train')]).toEqual([block('a'), block('b')]);
});

test('a run that makes an earlier block again is not undone by the journal of the other process', () => {
  open().record(STAGE, block('a'));
  open().fold();
  const [first, second] = [open(OTHER), open()];
  first.record(STAGE, block('b'));
  second.fold();
  second.record(STAGE, block('a'));
  expect(open().block(STAGE)).toEqual(block('a'));
});

test('folding touches no lock that stays as it is, and recording the same again writes nothing', () => {
  const state = open();
  state.record(STAGE, block('a'));
  state.fold();
  const { ino, mtimeMs } = statSync(join(root, 'pipeline.lock'));
  state.record(STAGE, block('a'));
  expect(state.hasJournals).toBe(false);
  open(OTHER).record(STAGE, block('b'));
  writeFileSync(join(root, 'pipeline.lock'), lockText(new Map([['train', block('b')]])));
  state.fold();
  const after = statSync(join(root, 'pipeline.lock'));
  expect(after.ino).toBe(ino);
  expect(after.mtimeMs).toBeGreaterThanOrEqual(mtimeMs);
});

test('a branch that was switched in between makes the entry void', () => {
  const state = open(GONE);
  state.record(STAGE, block('a'));
  writeFileSync(join(root, 'pipeline.lock'), lockText(new Map([['train', block('theirs')]])));
  open().fold();
  expect(onDisk().get('train')).toEqual(block('theirs'));
});

test('a lock whose folder went with the branch is not made again, and keeps nobody from working', () => {
  mkdirSync(join(root, 'sub'));
  const state = open(GONE);
  state.record({ file: 'sub/pipeline.yaml', name: 'x' }, block('a'));
  state.record(STAGE, block('b'));
  rmSync(join(root, 'sub'), { recursive: true });
  const next = open();
  next.fold();
  expect([existsSync(join(root, 'sub')), next.hasJournals, onDisk().get('train')]).toEqual([false, false, block('b')]);
});

test('a link in the place of a folder leads no lock out of the project', () => {
  const outside = mkdtempSync(join(tmpdir(), 'pipe-outside-'));
  try {
    mkdirSync(join(root, 'sub'));
    open(GONE).record({ file: 'sub/pipeline.yaml', name: 'x' }, block('a'));
    rmSync(join(root, 'sub'), { recursive: true });
    symlinkSync(outside, join(root, 'sub'));
    open().fold();
    expect(readdirSync(outside)).toEqual([]);
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('a lock that Git changed is read again', () => {
  const state = open();
  expect(state.block(STAGE)).toBeUndefined();
  writeFileSync(join(root, 'pipeline.lock'), lockText(new Map([['train', block('a')]])));
  expect(state.block(STAGE)).toBeUndefined();
  state.refresh(STAGE);
  expect(state.block(STAGE)).toEqual(block('a'));
});

test('what another process recorded is seen after a refresh', () => {
  const state = open();
  state.block(STAGE);
  const other = open(OTHER);
  for (const cmd of ['a', 'b']) {
    other.record(STAGE, block(cmd));
    state.refresh(STAGE);
    expect(state.block(STAGE)).toEqual(block(cmd));
  }
});

test('a lock with the marks of a merge stops folding and loses nothing', () => {
  open(GONE).record(STAGE, block('a'));
  writeFileSync(join(root, 'pipeline.lock'), '<<<<<<< ours\n=======\n>>>>>>> theirs\n');
  const state = open();
  expect(() => { state.fold(); }).toThrow(/PIPE_LOCK_FORMAT.*marks of a Git merge/); // prettier-ignore
  rmSync(join(root, 'pipeline.lock'));
  state.fold();
  expect(onDisk().get('train')).toEqual(block('a'));
});

test('every pipeline file has a lock of its own', () => {
  mkdirSync(join(root, 'sub'));
  const state = open();
  state.record(STAGE, block('a'));
  state.record({ file: 'sub/pipeline.yaml', name: 'train' }, block('b'));
  state.fold();
  expect(onDisk().get('train')).toEqual(block('a'));
  expect(state.block({ file: 'sub/pipeline.yaml', name: 'train' })).toEqual(block('b'));
});

test('a refresh for one pipeline file keeps what was read of the others', () => {
  mkdirSync(join(root, 'sub'));
  const inner = { file: 'sub/pipeline.yaml', name: 'train' };
  const state = open();
  state.block(inner);
  const text = lockText(new Map([['train', block('a')]]));
  for (const path of ['pipeline.lock', 'sub/pipeline.lock']) writeFileSync(join(root, path), text);
  state.refresh(STAGE);
  expect([state.block(STAGE), state.block(inner)]).toEqual([block('a'), undefined]);
  state.refresh(inner);
  expect(state.block(inner)).toEqual(block('a'));
});
