import { IDLE_ENOUGH } from './machine.ts';
import type { BenchDocument, Failure, Result } from './result.ts';
import type { Absent } from './scenario.ts';
import { renderTable } from './table.ts';
import { formatSeconds } from './units.ts';

/** A benchmark as Markdown: the machine, the table, and what must be known to read it. */
export function renderSummary(document: BenchDocument): string {
  const notes = [...document.warnings, ...document.results.flatMap((result) => notesOn(result, document.results))];
  const list = [...new Set(notes)].map((note) => `- ${note}`).join('\n');
  return [machineLine(document), renderTable(document.results), list].filter((part) => part !== '').join('\n\n');
}

function machineLine({ started, pipe, machine, places, pairs }: BenchDocument): string {
  const disks = places.map(({ kind, filesystem }) => (kind === filesystem ? kind : `${kind} ${filesystem}`)).join(', ');
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const parts = [machine.cpu, `${machine.cores} cores`, memory, machine.kernel, `Node ${machine.node}`, disks];
  return `pipe ${pipe.version} (${pipe.revision}), ${started.slice(0, 10)}, ${pairs} pairs. ${parts.join(' · ')}`;
}

function notesOn(result: Result | Failure, all: BenchDocument['results']): string[] {
  const title = result.where === 'any' ? result.scenario : `${result.scenario} on ${result.where}`;
  if ('failed' in result) return [`${title} failed: ${result.failed.split('\n', 1).join('')}`];
  const absent = result.others.filter((other) => 'absent' in other).map((other) => absence(result, other, all));
  const memory = result.judgements.find(({ budget, verdict }) => budget.kind === 'memory' && verdict === 'missed');
  return [
    ...absent,
    ...(memory === undefined ? [] : [`${title}: memory is over its budget of ${memory.budget.atMost / 1e6} MB`]),
    ...(result.load.busy > IDLE_ENOUGH
      ? [`${title}: others kept ${(result.load.busy * 100).toFixed(0)} % of the cores busy just before or after`]
      : []),
  ];
}

/** Says what was not measured, why, and where there is one, the time to look at instead. */
function absence(result: Result, { name, absent, see }: Absent, all: BenchDocument['results']): string {
  if (see === undefined) return `${name}: ${absent}`;
  const stead = all.find((each) => each.scenario === see && each.where === result.where);
  const other = stead === undefined || 'failed' in stead ? undefined : stead.others.find((each) => each.name === name);
  const time =
    other === undefined || 'absent' in other ? '' : `; ${see} took it ${formatSeconds(other.seconds.median)}`;
  return `${result.scenario} on ${result.where}: ${name} ${absent}${time}`;
}
