import { byCodeUnit } from '../kit/order.ts';
import { PipeError } from '../problem/problem.ts';
import { blockText } from './block.ts';
import { conflictText, sidesOf } from './conflict.ts';
import type { Lock } from './lock.ts';
import { lockFrame, lockText, parseLock, stageText } from './lock.ts';

/** The three texts of a merge. The ancestor is empty where both sides added the file. */
export interface MergeTexts {
  readonly ancestor: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface MergeOptions {
  /** What problems call the file. */
  readonly shown: string;
  /** Characters of a conflict mark; Git asks for longer ones when it merges ancestors. */
  readonly markSize?: number;
}

/** The outcome of a merge. Without conflicts `text` is the merged file, else it has both sides of each between marks. */
export interface Merged {
  readonly text: string;
  /** What both sides changed differently: names of stages, or fields of a pointer. */
  readonly conflicts: readonly string[];
}

/** Where a merge does not know what stood in the ancestor. */
export const UNKNOWN = Symbol('unknown');

/** One thing in the three texts, in a form in which equal things are equal texts; `undefined` where it is absent. */
export interface ThreeSides {
  readonly ancestor: string | undefined | typeof UNKNOWN;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** Which side to take: the one that changed it, either when both did the same, neither when they differ. */
export function sideToTake({ ancestor, ours, theirs }: ThreeSides): 'ours' | 'theirs' | 'conflict' {
  if (ours === theirs || ancestor === theirs) return 'ours';
  return ancestor === ours ? 'theirs' : 'conflict';
}

/** A side that did not change the file gives way to the other one, whatever the file holds. */
export function mergeWhole({ ancestor, ours, theirs }: MergeTexts): Merged | undefined {
  const side = sideToTake({ ancestor, ours, theirs });
  return side === 'conflict' ? undefined : { text: side === 'ours' ? ours : theirs, conflicts: [] };
}

/**
 * Merges locks stage by stage: a block is what one run recorded, so it is taken whole from the side that changed it.
 * Blocks that both sides changed differently stand in the text one after the other, between marks.
 * @throws {PipeError} PIPE_LOCK_FORMAT when one of the sides is not a lock
 */
export function mergeLocks(texts: MergeTexts, { shown, markSize }: MergeOptions): Merged {
  const whole = mergeWhole(texts);
  if (whole !== undefined) return whole;
  const ours = parseLock(texts.ours, shown);
  const theirs = parseLock(texts.theirs, shown);
  const ancestor = ancestorOf(texts.ancestor, shown);
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].sort(byCodeUnit);
  const stages = names.map((name) => mergeStage(name, { ancestor: ancestor(name), ours, theirs }));
  const conflicts = stages.filter(({ isConflict }) => isConflict).map(({ name }) => name);
  if (conflicts.length > 0) return { text: lockFrame(stagesText(stages, markSize)), conflicts };
  const taken = stages.map(({ name, side }) => [name, (side === 'ours' ? ours : theirs).get(name)] as const);
  return { text: lockText(new Map(taken.flatMap(([name, block]) => (block ? [[name, block]] : [])))), conflicts };
}

/** The block of a stage in the ancestor, as text. Of a virtual one, itself a merge with conflicts, some are unknown. */
function ancestorOf(text: string, shown: string): (name: string) => ThreeSides['ancestor'] {
  if (text.trim() === '') return () => undefined;
  const sides = sidesOf(text);
  const [ours, theirs] = [lockIfReadable(sides?.ours, shown), lockIfReadable(sides?.theirs, shown)];
  if (ours === undefined || theirs === undefined) return () => UNKNOWN;
  return (name) => {
    const [our, their] = [textIn(ours, name), textIn(theirs, name)];
    return our === their ? our : UNKNOWN;
  };
}

function lockIfReadable(text: string | undefined, shown: string): Lock | undefined {
  try {
    return text === undefined ? undefined : parseLock(text, shown);
  } catch (error) {
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

function textIn(lock: Lock, name: string): string | undefined {
  const block = lock.get(name);
  return block === undefined ? undefined : blockText(block);
}

/** A stage of the merged lock, with its lines on either side; the same on both where there is no conflict. */
interface MergedStage {
  readonly name: string;
  readonly side: 'ours' | 'theirs';
  readonly isConflict: boolean;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

interface Locks {
  readonly ancestor: ThreeSides['ancestor'];
  readonly ours: Lock;
  readonly theirs: Lock;
}

function mergeStage(name: string, { ancestor, ours, theirs }: Locks): MergedStage {
  const side = sideToTake({ ancestor, ours: textIn(ours, name), theirs: textIn(theirs, name) });
  const lines = (lock: Lock): string | undefined => {
    const block = lock.get(name);
    return block === undefined ? undefined : stageText(name, block);
  };
  if (side === 'conflict') {
    return { name, side: 'ours', isConflict: true, ours: lines(ours), theirs: lines(theirs) };
  }
  const taken = lines(side === 'ours' ? ours : theirs);
  return { name, side, isConflict: false, ours: taken, theirs: taken };
}

/**
 * The lines of all stages. Whichever side of a conflict is kept, the commas must fit: where a stage at the end stands
 * on one side alone, the conflict begins at the end of the last stage that is there in any case.
 */
function stagesText(all: readonly MergedStage[], markSize: number | undefined): string {
  const stages = all.filter(({ ours, theirs }) => ours !== undefined || theirs !== undefined);
  const last = stages.findLastIndex(({ ours, theirs }) => ours !== undefined && theirs !== undefined);
  const before = stages.slice(0, Math.max(last, 0)).map((stage) => {
    const side = (text: string | undefined): string => (text === undefined ? '' : `${text},\n`);
    return stage.isConflict
      ? conflictText({ ours: side(stage.ours), theirs: side(stage.theirs) }, markSize)
      : side(stage.ours);
  });
  return before.join('') + endText(stages.slice(Math.max(last, 0)), markSize);
}

function endText(stages: readonly MergedStage[], markSize: number | undefined): string {
  const side = (texts: readonly (string | undefined)[]): string => {
    const there = texts.filter((text) => text !== undefined);
    return there.length === 0 ? '' : `${there.join(',\n')}\n`;
  };
  const ours = side(stages.map((stage) => stage.ours));
  const theirs = side(stages.map((stage) => stage.theirs));
  if (ours === theirs) return ours;
  const [first] = stages;
  const shared = first?.isConflict === false ? (first.ours ?? '') : '';
  const cut = shared.lastIndexOf('\n') + 1;
  return shared.slice(0, cut) + conflictText({ ours: ours.slice(cut), theirs: theirs.slice(cut) }, markSize);
}
