import { IDLE_ENOUGH } from './machine.ts';
import type { BenchDocument, Failure, Result } from './result.ts';
import type { Absent } from './scenario.ts';
import { growthNotes, isGrowth, renderGrowth } from './growth.ts';
import { renderTable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** A benchmark as Markdown: the machine, the table, and what must be known to read it. */
export function renderSummary(document: BenchDocument): string {
  const { results, warnings } = document;
  const measured = results.filter((result): result is Result => !('failed' in result));
  const failed = results.filter((result): result is Failure => 'failed' in result);
  const notes = [
    ...warnings,
    ...failed.map((result) => `${titleOf(result)} failed: ${result.failed.split('\n', 1).join('')}`),
    ...busyNote(measured),
    ...measured.flatMap(memoryNote),
    ...measured.flatMap(growthNotes),
    ...measured.flatMap(requestsNote),
    ...measured.flatMap((result) => absenceNotes(result, measured)),
  ];
  const list = [...new Set(notes)].map((note) => `- ${note}`).join('\n');
  const table = renderTable(results.filter((result) => !isGrowth(result)));
  return [machineLine(document), table, renderGrowth(measured.filter(isGrowth)), list]
    .filter((part) => part !== '')
    .join('\n\n');
}

function machineLine({ started, pipe, machine, places, pairs }: BenchDocument): string {
  const disks = places.map(({ kind, filesystem }) => (kind === filesystem ? kind : `${kind} ${filesystem}`)).join(', ');
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const parts = [machine.cpu, `${machine.cores} cores`, memory, machine.kernel, `Node ${machine.node}`, disks];
  const build = pipe.revision === '' ? pipe.version : `${pipe.version} (${pipe.revision})`;
  return `pipe ${build}, ${started.slice(0, 10)}, ${pairs} pairs. ${parts.join(' · ')}`;
}

function titleOf({ scenario, where }: Result | Failure): string {
  return where === 'any' ? scenario : `${scenario} on ${where}`;
}

function busyNote(results: readonly Result[]): string[] {
  const busy = results.filter(({ load }) => load.busy > IDLE_ENOUGH);
  if (busy.length === 0) return [];
  const list = busy.map((result) => `${titleOf(result)} (${(result.load.busy * 100).toFixed(0)} %)`).join(', ');
  return [`the machine was not idle: others kept a share of its cores busy before or after ${list}`];
}

function memoryNote(result: Result): string[] {
  const missed = result.judgements.find(({ budget, verdict }) => budget.kind === 'memory' && verdict === 'missed');
  return missed === undefined ? [] : [`${titleOf(result)} used more memory than ${formatBytes(missed.budget.atMost)}`];
}

function requestsNote(result: Result): string[] {
  const counts = Object.entries(result.requests ?? {}).toSorted(([, a], [, b]) => b - a);
  const list = counts.map(([name, count]) => `${count.toLocaleString('en')} ${name}`).join(', ');
  return counts.length === 0 ? [] : [`${titleOf(result)}: pipe's requests were ${list}`];
}

/** Says who was not measured, why, and where there is one, the time to look at instead. */
function absenceNotes(result: Result, all: readonly Result[]): string[] {
  return result.others.filter((other): other is Absent => 'absent' in other).map(note);

  function note({ name, absent, see }: Absent): string {
    if (see === undefined) return `${name} is left out: ${absent}`;
    const stead = all.find(({ scenario, where }) => scenario === see && where === result.where);
    const other = stead?.others.find((each) => each.name === name);
    const time =
      other === undefined || 'absent' in other ? '' : `; ${see} took it ${formatSeconds(other.seconds.median)}`;
    return `${titleOf(result)}: ${name} ${absent}${time}`;
  }
}
