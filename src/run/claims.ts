import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../event/event.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, ownedName, ownerOfName, stateOf } from '../kit/owner.ts';
import { parseJson } from '../kit/parse-json.ts';
import { isOutside, isWithin } from '../kit/path.ts';
import { systemFault } from '../kit/system-fault.ts';
import { removeTemporaries, removeTemporariesBelow } from '../kit/temporary.ts';

/** What one stage reads and writes while it runs; paths are relative to the project root. */
export interface Claim {
  readonly stage: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Another process that stands in the way. */
export interface Blocker {
  readonly owner: Owner;
  readonly stage: string;
  readonly path: string;
  /** The claims file, to be removed by hand if its host is known to be gone. */
  readonly file: string;
}

export interface ClaimOptions {
  /** The project, absolute. */
  readonly root: string;
  /** `.pipe/tmp/claims`, absolute. */
  readonly folder: string;
  readonly owner: Owner;
  /** Ends what a killed run left behind, before its claims are dropped. */
  readonly endOrphans: (runId: string, groups: readonly number[]) => Promise<void>;
}

/**
 * Keeps two processes from working on the same paths at once: shared on what is read, exclusive on what is written, by
 * path prefix. Each process publishes its claims in a file of its own, so no file has two writers and nothing stale
 * must be stolen: a file whose owner is gone is simply removed, after what that process was in the middle of.
 *
 * Why it is safe: a claim is published before the others are read, so of two processes that claim the same path at
 * once, at least one sees the other and withdraws.
 */
export class Claims {
  /** The name of this process's file; handed to children, so that orphans can be told. */
  readonly runId: string;
  readonly #options: ClaimOptions;
  readonly #held = new Set<Claim>();
  readonly #groups = new Set<number>();

  constructor(options: ClaimOptions) {
    this.#options = options;
    this.runId = ownedName(options.owner);
  }

  /**
   * Waits until nobody else is in the way, then holds the claim until the returned function is called.
   * `onWait` is told once for each blocker. Rejects with the signal's reason when it is aborted.
   */
  async acquire(claim: Claim, onWait: (blocker: Blocker) => void, signal?: AbortSignal): Promise<() => void> {
    const told = new Set<string>();
    for (;;) {
      const blocker = await this.#hold(claim);
      if (blocker === undefined) {
        return () => {
          this.#withdraw(claim);
        };
      }
      this.#withdraw(claim);
      if (!told.has(blocker.file)) onWait(blocker);
      told.add(blocker.file);
      // Random, so that two processes that saw each other do not meet again for ever.
      await sleep(20 + Math.random() * 100, undefined, signal === undefined ? {} : { signal });
    }
  }

  /** Publishes a claim; returns who is in the way. */
  async #hold(claim: Claim): Promise<Blocker | undefined> {
    this.#held.add(claim);
    try {
      this.#publish();
      return await this.#blockerOf(claim);
    } catch (error) {
      this.#withdraw(claim);
      throw error;
    }
  }

  /** Where the disk refuses, the file goes on naming the claim: others wait longer than they must, and nothing breaks. */
  #withdraw(claim: Claim): void {
    this.#held.delete(claim);
    try {
      this.#publish();
    } catch (error) {
      if (systemFault(error) === undefined) throw error;
    }
  }

  /** Notes the process group of a running command, for systems where children cannot be told by their environment. */
  noteGroup(group: number): () => void {
    if (process.platform === 'linux') return () => undefined;
    this.#groups.add(group);
    this.#publish();
    return () => {
      this.#groups.delete(group);
    };
  }

  /** Ends what dead runs left behind and drops their claims. */
  async reap(): Promise<void> {
    for (const name of this.#others()) await this.#dropIfGone(name);
  }

  /** Removes this process's file. */
  close(): void {
    rmSync(this.#path(this.runId), { force: true });
  }

  #path(name: string): string {
    return join(this.#options.folder, `${name}.json`);
  }

  #publish(): void {
    if (this.#held.size === 0 && this.#groups.size === 0) {
      this.close();
      return;
    }
    const text = JSON.stringify({ schema: 'pipe.claims/1', groups: [...this.#groups], claims: [...this.#held] });
    const temporary = join(this.#options.folder, `${this.runId}.tmp`);
    try {
      writeFileSync(temporary, text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(this.#options.folder, { recursive: true });
      writeFileSync(temporary, text);
    }
    renameSync(temporary, this.#path(this.runId));
  }

  #others(): string[] {
    try {
      const files = readdirSync(this.#options.folder);
      const names = files.flatMap((name) => /^(.*)\.(?:json|tmp)$/.exec(name)?.[1] ?? []);
      return [...new Set(names)].filter((name) => name !== this.runId);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #blockerOf(claim: Claim): Promise<Blocker | undefined> {
    for (const name of this.#others()) {
      const owner = ownerOfName(name);
      if (owner === undefined || (await this.#dropIfGone(name))) continue;
      for (const other of this.#read(name)?.claims ?? []) {
        const path = conflict(claim, other);
        if (path !== undefined) return { owner, stage: other.stage, path, file: this.#path(name) };
      }
    }
    return undefined;
  }

  async #dropIfGone(name: string): Promise<boolean> {
    const owner = ownerOfName(name);
    if (owner === undefined || !isGone(owner)) return false;
    const { claims, groups } = this.#read(name) ?? { claims: [], groups: [] };
    await this.#options.endOrphans(name, groups);
    // Its number may be ours by now, where each container counts anew: then its leftovers are left alone.
    if (owner.pid !== process.pid) {
      const paths = new Set(claims.flatMap(({ writes }) => writes));
      for (const folder of new Set([...paths].map((path) => dirname(path)))) removeTemporaries(join(this.#options.root, folder), owner.pid); // prettier-ignore
      for (const path of paths) removeTemporariesBelow(join(this.#options.root, path), owner.pid);
    }
    rmSync(this.#path(name), { force: true });
    rmSync(join(this.#options.folder, `${name}.tmp`), { force: true });
    return true;
  }

  #read(name: string): { claims: readonly Claim[]; groups: readonly number[] } | undefined {
    try {
      return parseClaims(readFileSync(this.#path(name), 'utf8'));
    } catch (error) {
      // Its owner has just finished.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Tells of a wait for another process. */
export function waitNotice({ owner, stage, path, file }: Blocker): Extract<Event, { type: 'notice' }> {
  return {
    type: 'notice',
    message: `waiting for process ${String(owner.pid)} on ${owner.host}, which works on ${path} ("${stage}")`,
    // Of a process that is seen to run, there is nothing to be done.
    ...(stateOf(owner) === 'runs' ? {} : { hint: `if that machine or container is gone, remove ${file}` }),
  };
}

/** The first path on which two claims do not get along. */
export function conflict(a: Claim, b: Claim): string | undefined {
  const meets = (ours: readonly string[], theirs: readonly string[]): string | undefined =>
    ours.find((path) => theirs.some((other) => isWithin(path, other) || isWithin(other, path)));
  return meets(a.writes, b.writes) ?? meets(a.writes, b.reads) ?? meets(a.reads, b.writes);
}

function parseClaims(text: string): { claims: readonly Claim[]; groups: readonly number[] } | undefined {
  // Empty after a power failure, which may keep a name and lose the bytes.
  const value = parseJson(text) as { claims?: unknown; groups?: unknown } | null | undefined;
  const claims = Array.isArray(value?.claims) ? (value.claims as unknown[]).filter(isClaim) : [];
  const groups = Array.isArray(value?.groups) ? (value.groups as unknown[]).filter(isGroup) : [];
  return { claims, groups };
}

/** To signal group 0 or 1 would be to signal ourselves, or every process there is. */
function isGroup(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 1;
}

function isClaim(value: unknown): value is Claim {
  const { stage, reads, writes } = (value ?? {}) as Partial<Record<keyof Claim, unknown>>;
  const isList = (list: unknown): boolean => Array.isArray(list) && list.every((each) => typeof each === 'string');
  if (typeof stage !== 'string' || !isList(reads) || !isList(writes)) return false;
  return (writes as readonly string[]).every((path) => !isOutside(posix.normalize(path)));
}
