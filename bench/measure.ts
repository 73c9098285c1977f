import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { recordedMemory, recordingMemory } from './memory.ts';
import type { Place } from './place.ts';
import { sharedFolder } from './place.ts';
import type { Timed } from './process.ts';
import { runProcess } from './process.ts';
import type { DisposableWorld } from './project/world.ts';
import type { Requests } from './project/s3.ts';
import { countSince } from './project/s3.ts';
import { createWorld } from './project/world.ts';
import type { Absent, Command, Contender, Prepared, Role, Scenario, World } from './scenario.ts';
import { isPresent } from './scenario.ts';

/** The times of one contender, in the order of the pairs. */
export interface Runs {
  readonly name: string;
  readonly role: Role;
  readonly seconds: readonly number[];
}

/** A scenario in one place, measured. */
export interface Measured {
  readonly pipe: Runs;
  /** The peak of pipe's own process. */
  readonly memoryBytes: number;
  /** The most that one of its runs has added to the store, where the scenario looks at that. */
  readonly storedBytes?: number;
  /** How often pipe asked the server for what, in the run that memory was taken from. */
  readonly requests?: Requests;
  readonly others: readonly (Runs | Absent)[];
}

/**
 * Measures a scenario: a warm-up of each contender, then rounds in which each runs once, in turn and back, so that
 * nobody always comes first. Memory is taken from pipe's warm-up, whose time counts for nothing.
 * @throws {Error} when any run fails or has not done its work
 */
export function measure(scenario: Scenario, place: Place, pairs: number): Measured {
  const pipe = new Seat(scenario.pipe, place);
  const others = scenario.others.map((other) => (isPresent(other) ? new Seat(other, place) : other));
  const seats = [pipe, ...others.filter((other) => other instanceof Seat)];
  try {
    const untimed = pipe.runUntimed();
    for (const seat of seats) if (seat !== pipe) seat.warmUp();
    for (let pair = 0; pair < pairs; pair++) {
      for (const seat of pair % 2 === 0 ? seats : seats.toReversed()) seat.takePart(pair);
    }
    return {
      pipe: pipe.runs(),
      ...untimed,
      ...(pipe.storedBytes === undefined ? {} : { storedBytes: pipe.storedBytes }),
      others: others.map((other) => (other instanceof Seat ? other.runs() : other)),
    };
  } finally {
    for (const seat of seats) seat.leave();
    rmSync(sharedFolder(place.folder), { recursive: true, force: true });
  }
}

/** A contender in a place, with its world and its times so far. */
class Seat {
  readonly #contender: Contender;
  readonly #place: Place;
  readonly #seconds: number[] = [];
  #storedBytes: number | undefined;
  #current: { readonly world: DisposableWorld; readonly prepared: Prepared } | undefined;

  constructor(contender: Contender, place: Place) {
    this.#contender = contender;
    this.#place = place;
  }

  /** Runs once more, unless it has run as often as its patience allows. */
  takePart(pair: number): void {
    if (pair < (this.#contender.runs ?? Infinity)) this.#seconds.push(this.#run().seconds);
  }

  /** Runs once so that the next run finds its programs and files in the system's cache. */
  warmUp(): void {
    if (this.#contender.runs === undefined) this.#run();
  }

  /** Runs once and returns the peak memory of the process, in bytes, and what it asked the server for. */
  runUntimed(): Pick<Measured, 'memoryBytes' | 'requests'> {
    const { folder, s3 } = this.#place;
    const file = join(folder, 'peak-memory');
    let requests: Requests | undefined;
    this.#run((command, world) => {
      const before = s3?.requests();
      const finished = runProcess(recordingMemory(command, file), world);
      requests = before && s3 && countSince(before, s3.requests());
      return finished;
    });
    return { memoryBytes: recordedMemory(file), ...(requests && { requests }) };
  }

  get storedBytes(): number | undefined {
    return this.#storedBytes;
  }

  runs(): Runs {
    return { name: this.#contender.name, role: this.#contender.role, seconds: this.#seconds };
  }

  leave(): void {
    this.#current?.world.dispose();
    this.#current = undefined;
  }

  #run(run: (command: Command, world: World) => Timed = runProcess): Timed {
    const { world, prepared } = this.#prepared();
    if (prepared.reset !== undefined) writeBack(this.#place);
    const timed = run(prepared.command, world);
    prepared.verify(timed);
    if (prepared.stored !== undefined) this.#storedBytes = Math.max(this.#storedBytes ?? 0, prepared.stored());
    prepared.reset?.();
    return timed;
  }

  #prepared(): { world: DisposableWorld; prepared: Prepared } {
    if (this.#contender.fresh) this.leave();
    if (this.#current !== undefined) return this.#current;
    const world = createWorld(this.#place);
    try {
      return (this.#current = { world, prepared: this.#contender.prepare(world) });
    } catch (error) {
      world.dispose();
      throw error;
    }
  }
}

/** Else a run would wait for the disk to write what the one before it, or the making of its state, has left. */
function writeBack({ kind, folder }: Place): void {
  if (kind === 'disk') spawnSync('sync', ['--file-system', folder]);
}
