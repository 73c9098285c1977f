import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { globMeets } from '../graph/glob.ts';
import { ancestors, isWithin } from '../kit/path.ts';
import type { Dep } from '../pipeline/model.ts';
import type { AwayThing, PartialThing } from './inputs.ts';

/**
 * What the workspace need not hold, since it can be downloaded (`--pull`): what is tracked outside the stages of a run,
 * and outs of stages that are up to date. What does lie in the workspace counts as what it is there.
 */
export class Away {
  readonly #root: string;
  readonly #things = new Map<string, AwayThing>();
  readonly #partial = new Map<string, PartialThing>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Another one with the same things in it. */
  copy(): Away {
    const copy = new Away(this.#root);
    for (const [path, thing] of this.#things) copy.#things.set(path, thing);
    for (const [path, thing] of this.#partial) copy.#partial.set(path, thing);
    return copy;
  }

  /** From now on a thing may be missing. */
  add(thing: AwayThing): void {
    this.#things.set(thing.path, thing);
  }

  /** From now on parts of a thing may be missing. */
  addParts(thing: PartialThing): void {
    this.#partial.set(thing.path, thing);
    for (const part of thing.parts) this.#things.set(part.path, { ...part, whole: thing.whole });
  }

  /** What lies at a path as soon as its parts that are missing come, if that is all that it lacks. */
  incomplete(path: string): AwayThing | undefined {
    const thing = this.#partial.get(path);
    return thing?.isClean === true && thing.parts.some((each) => this.#isLacking(each)) ? thing : undefined;
  }

  /** A stage has made what lies there, or is about to. */
  forget(path: string): void {
    this.#things.delete(path);
  }

  /** The thing that lies at a path, or that the path lies in. */
  around(path: string): AwayThing | undefined {
    const direct = this.#things.get(path);
    if (direct !== undefined || this.#things.size === 0) return direct;
    for (const above of ancestors(path)) {
      const thing = this.#things.get(above);
      if (thing !== undefined) return thing;
    }
    return undefined;
  }

  /** Something that a dep is not complete without: inside a folder, or found by a pattern. */
  partOf(dep: Pick<Dep, 'path' | 'glob'>): AwayThing | undefined {
    return this.partsOf(dep)[0];
  }

  /** The same, all of it. */
  partsOf({ path, glob }: Pick<Dep, 'path' | 'glob'>): AwayThing[] {
    const isPart = (each: string): boolean => (glob ? globMeets(path, each) : each !== path && isWithin(path, each));
    const isMet = ({ path: each, isUnlisted }: AwayThing): boolean =>
      isPart(each) || (isUnlisted === true && !glob && isWithin(each, path));
    return [...this.#things.values()].filter((each) => isMet(each) && this.#isLacking(each));
  }

  #isLacking({ path, isUnlisted }: AwayThing): boolean {
    return isUnlisted === true || !this.isHere(path);
  }

  /** Whether anything lies at a path of the workspace. */
  isHere(path: string): boolean {
    try {
      return lstatSync(join(this.#root, path), { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
      throw error;
    }
  }
}
