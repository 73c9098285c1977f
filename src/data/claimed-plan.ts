import type { Engine } from '../run/engine.ts';
import type { Known } from './known.ts';
import { claimed } from './workspace.ts';

/** How a command plans its work from what is tracked, and which paths that claims. */
interface Steps<Plan, T> {
  /** What others that wait are told. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** @throws {PipeError} what keeps it from being done */
  readonly planOf: (known: Known) => Plan;
  readonly writesOf: (plan: Plan) => readonly string[];
  readonly work: (plan: Plan) => Promise<T>;
}

/**
 * Works on the paths of a plan while no other process does. The plan was made before they were claimed: where another
 * process may have changed what is tracked since, it is made anew, and where it claims other paths then, these are
 * claimed instead. What is planned at last is planned behind its own claim.
 */
export async function claimedAsPlanned<Plan, T>(
  engine: Engine,
  known: Known,
  { name, signal, planOf, writesOf, work }: Steps<Plan, T>,
): Promise<T> {
  for (let now = known; ;) {
    const plan = planOf(now);
    const writes = writesOf(plan);
    const done = await claimed(engine, { writes, signal, name }, async () => {
      const changed = now.changed?.();
      if (changed === undefined) return { value: await work(plan) };
      const next = planOf(changed);
      const others = new Set(writesOf(next));
      const isClaimed = others.size === new Set(writes).size && writes.every((path) => others.has(path));
      return isClaimed ? { value: await work(next) } : { again: changed };
    });
    if ('value' in done) return done.value;
    now = done.again;
  }
}
