import type { Selected } from '../data/select.ts';
import { reach } from '../graph/select.ts';
import type { DataProject } from './data-project.ts';

/** What is selected, and the outs of all stages that its stages need. */
export function withDeps({ tracked, engine }: DataProject, selected: readonly Selected[]): Selected[] {
  const stages = selected.flatMap(({ tracked: { owner } }) => (owner.kind === 'stage' ? [owner.stage.address] : []));
  const needed = reach(stages, (address) => engine.graph.needs.get(address) ?? []);
  const known = new Set(selected.map((each) => each.tracked));
  const more = tracked.filter(
    (each) => !known.has(each) && each.owner.kind === 'stage' && needed.has(each.owner.stage.address),
  );
  return [...selected, ...more.map((each) => ({ tracked: each, below: '' }))];
}
