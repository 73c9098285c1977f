import { startMinio } from '../test/rig/s3.ts';
import { isOutdated, readBuild } from './build.ts';
import { judgeGrowth } from './growth.ts';
import { describeMachine, IDLE_ENOUGH, sampleLoad, worse } from './machine.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import type { Place } from './place.ts';
import { closePlaces, lackOf, openPlaces } from './place.ts';
import { s3Of } from './project/s3.ts';
import type { BenchDocument, Failure, Result } from './result.ts';
import { conclude } from './result.ts';
import type { Scenario } from './scenario.ts';

/** Fewer say nothing about how much the times vary. */
const ENOUGH_PAIRS = 5;

/** How to measure. */
export interface Settings {
  readonly pairs: number;
  /** A folder on the disk to measure. */
  readonly disk: string | undefined;
  /** Measure in the place of this kind only. */
  readonly where: Place['kind'] | undefined;
  /** The share of the data that the scenarios were made for. */
  readonly scale: number;
  /** Is told what is going on, a line at a time. */
  readonly report: (line: string) => void;
}

/**
 * Measures scenarios one after the other. A scenario that fails has no number; the others are still measured.
 * @throws {Error} when nothing is built, there is no disk to measure on, or Ctrl-C was pressed
 */
export async function bench(scenarios: readonly Scenario[], settings: Settings): Promise<BenchDocument> {
  const { pairs, disk, where: only, scale, report } = settings;
  const started = new Date().toISOString();
  const { entry, ...pipe } = readBuild();
  const warnings: string[] = [];
  if (pairs < ENOUGH_PAIRS) warnings.push(`fewer than ${ENOUGH_PAIRS} pairs: too few to go by`);
  if (isOutdated()) warnings.push('dist/ is older than src/: `npm run build` makes it new');
  if (scale !== 1) warnings.push(`--scale ${scale}: scenarios of data work on that share of it, and are not judged`);
  const places = openPlaces(disk, only);
  const interrupt = interruption();
  try {
    const results: (Result | Failure)[] = [];
    for (const scenario of scenarios) {
      const wanted = (scenario.judged === 'any' ? places.slice(0, 1) : places).filter((place) => {
        const lack = lackOf(scenario.needs, place);
        if (lack !== undefined) warnings.push(`${scenario.name} is left out on ${place.kind}: ${lack}`);
        return lack === undefined;
      });
      for (const place of wanted)
        results.push(await attempt({ scenario, place, judged: isJudged(scenario, place, wanted) }));
    }
    if (readBuild().entry !== entry) warnings.push('dist/ was built again meanwhile: these numbers are a mixture');
    const kinds = places.map(({ kind, filesystem }) => ({ kind, filesystem }));
    const machine = describeMachine();
    const judged = judgeGrowth(results);
    return { schema: 'pipe.bench/1', started, pipe, machine, places: kinds, pairs, results: judged, warnings };
  } finally {
    closePlaces(places);
  }

  async function measureAt(scenario: Scenario, place: Place): Promise<Measured> {
    if (scenario.server === undefined) return measure(scenario, place, pairs);
    const server = await startMinio(place.folder);
    try {
      return measure(scenario, { ...place, s3: s3Of(server) }, pairs);
    } finally {
      await server.stop();
    }
  }

  async function attempt(task: { scenario: Scenario; place: Place; judged: boolean }): Promise<Result | Failure> {
    const { scenario, place, judged } = task;
    const where = scenario.judged === 'any' ? 'any' : place.kind;
    const title = where === 'any' ? scenario.name : `${scenario.name} on ${where}`;
    const before = await sampleLoad(interrupt);
    const idle = before.busy > IDLE_ENOUGH ? 'NOT idle: ' : '';
    report(`${title} (${idle}${(before.busy * 100).toFixed(0)} % busy, load average ${before.average.toFixed(2)})`);
    try {
      const measured = await measureAt(scenario, place);
      const load = worse(before, await sampleLoad(interrupt));
      return conclude(scenario, measured, { where, load, judged });
    } catch (error) {
      interrupt.throwIfAborted();
      report(`${title} failed: ${(error as Error).stack ?? String(error)}`);
      return { scenario: scenario.name, where, failed: (error as Error).message };
    }
  }
}

/** A machine without tmpfs judges on its disk what it can. */
function isJudged(scenario: Scenario, place: Place, places: readonly Place[]): boolean {
  return scenario.judged !== 'tmpfs' || place.kind === 'tmpfs' || places.every(({ kind }) => kind !== 'tmpfs');
}

/** Ctrl-C ends the process that is being measured by itself; what we made is to be removed before we end, too. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(new Error('interrupted'));
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return controller.signal;
}
