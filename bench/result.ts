import type { Judgement, Verdict } from './judge.ts';
import { isOfAnyPlace, judge, overall } from './judge.ts';
import type { Load, Machine } from './machine.ts';
import type { Measured, Runs } from './measure.ts';
import type { Place } from './place.ts';
import type { Requests } from './project/s3.ts';
import type { Absent, Role, Scenario } from './scenario.ts';
import type { Spread } from './statistics.ts';
import { ratios, spread } from './statistics.ts';

/** Everything that one run of the benchmark found out: what `--json` prints (bench.schema.json). */
export interface BenchDocument {
  readonly schema: 'pipe.bench/1';
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly pipe: { readonly version: string; readonly revision: string };
  readonly machine: Machine;
  readonly places: readonly Pick<Place, 'kind' | 'filesystem'>[];
  readonly pairs: number;
  readonly results: readonly (Result | Failure)[];
  /** What makes these numbers less than they should be. */
  readonly warnings: readonly string[];
}

/** A scenario in one place. */
export interface Result {
  readonly scenario: string;
  readonly where: Where;
  /** The share of the data that it worked on, where that is not all of it. */
  readonly scale?: number;
  /** Just before the first run or just after the last, whichever was worse. */
  readonly load: Load;
  readonly pipe: Timing;
  readonly memoryBytes: number;
  /** The most that one run of pipe has added to the store, where the scenario looks at that. */
  readonly storedBytes?: number;
  /** How often pipe asked the server for what, in the run that is not timed. */
  readonly requests?: Requests;
  readonly others: readonly (Compared | Absent)[];
  readonly judgements: readonly Judgement[];
  readonly verdict: Verdict;
}

/** A scenario without a number: a run of it failed, or did not do its work. */
export interface Failure {
  readonly scenario: string;
  readonly where: Where;
  readonly failed: string;
}

/** `any` where no file matters. */
export type Where = Place['kind'] | 'any';

/** How long a contender took, in seconds: each run in order, and what they say. */
export interface Timing {
  readonly runs: readonly number[];
  readonly seconds: Spread;
}

/** A contender beside pipe. */
export interface Compared extends Timing {
  readonly name: string;
  readonly role: Role;
  /** pipe's time ÷ its time, pair by pair. */
  readonly ratio: Spread;
}

/** Draws the conclusions from a measured scenario. */
export function conclude(
  scenario: Scenario,
  measured: Measured,
  at: { where: Where; judged: boolean; load: Load },
): Result {
  const pipe = timing(measured.pipe);
  const others = measured.others.map((other) => ('absent' in other ? other : compared(measured.pipe, other)));
  const { memoryBytes, storedBytes, requests } = measured;
  const { scale } = scenario;
  const facts = { seconds: pipe.seconds.median, memoryBytes, storedBytes, ratioTo };
  const isTimed = at.judged && scale === undefined;
  const judgements = judge(isTimed ? scenario.budgets : scenario.budgets.filter(isOfAnyPlace), facts);
  return {
    scenario: scenario.name,
    where: at.where,
    ...(scale === undefined ? {} : { scale }),
    load: at.load,
    pipe,
    memoryBytes,
    ...(storedBytes === undefined ? {} : { storedBytes }),
    ...(requests === undefined ? {} : { requests }),
    others,
    judgements,
    verdict: overall(judgements, isTimed),
  };

  function ratioTo(name: string): number | undefined {
    const other = others.find((each) => each.name === name);
    return other === undefined || 'absent' in other ? undefined : other.ratio.median;
  }
}

function timing({ seconds }: Runs): Timing {
  return { runs: seconds, seconds: spread(seconds) };
}

function compared(pipe: Runs, other: Runs): Compared {
  return { name: other.name, role: other.role, ...timing(other), ratio: ratios(pipe.seconds, other.seconds) };
}
